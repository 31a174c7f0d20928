# run: what cannot be run, in TensorFlow's words.
model=$SRC/examples/half_plus_two/saved_model
try() { saved_model_cli run --dir "$model" --tag_set serve --signature_def serving_default "$@" 2>&1 | sed "s|$SRC|SRC|g"; echo "exit ${PIPESTATUS[0]}"; }
try
try --input_exprs 'x'
try --input_exprs 'x=[1,'
try --input_exprs 'x=__import__("os").system("id")'
try --input_exprs 'y=[1.0]'
try --input_exprs 'x="abc"'
try --input_exprs 'x={"a": 1}'
try --input_exprs 'x=[[1], [1, 2]]'
try --input_exprs 'x=1/0'
try --input_exprs 'x=file("missing")'
try --inputs x
try --inputs x=missing.npy
try --input_examples 'x={"a": [1]}'
try --input_examples 'x=[{"a": 1}]'
try --input_examples 'x=[{"a": [None]}]'
try --input_exprs 'x=[1.0]'
try --input_exprs 'x=3'
try --init_tpu --input_exprs 'x=[1.]'
saved_model_cli run --dir "$model" --tag_set nope --signature_def serving_default --input_exprs 'x=[1.]' 2>&1; echo "exit $?"
saved_model_cli run --dir "$model" --tag_set serve --signature_def nope --input_exprs 'x=[1.]' 2>&1; echo "exit $?"
saved_model_cli run --dir missing --tag_set serve --signature_def nope --input_exprs 'x=[1.]' 2>&1; echo "exit $?"
