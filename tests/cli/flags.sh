# The grammar of flags and the exit statuses, as TensorFlow has them.
model=$SRC/examples/half_plus_two/saved_model
try() { "$@" 2>&1 | sed "s|$SRC|SRC|g"; echo "exit ${PIPESTATUS[0]}"; }
try saved_model_cli
try saved_model_cli frobnicate
try saved_model_cli show
try saved_model_cli run
try saved_model_cli run --dir x --signature_def y
try saved_model_cli show --dir
try saved_model_cli show --dir "$model" --foo
try saved_model_cli show --dir "$model" extra words
try saved_model_cli show -dir "$model"
try saved_model_cli show --dir "$model" --all=maybe
try saved_model_cli --dir "$model" show
try saved_model_cli show --dir="$model" --tag_set=serve
try saved_model_cli show --dir "$model" --all --noall
try saved_model_cli freeze_model --dir "$model" --tag_set serve --output_prefix x
try saved_model_cli convert --dir "$model" --tag_set serve --output_dir x tensorrt
try saved_model_cli aot_compile_cpu --dir "$model"
try savedmodel show
try savedmodel run "$model" --threads none
try savedmodel run "$model" --top 0 --input_exprs 'x=[1.]'
