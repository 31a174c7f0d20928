# What cannot be shown: one sentence, exit status 1.
model=$SRC/examples/half_plus_two/saved_model
try() { saved_model_cli "$@" 2>&1 | sed "s|$SRC|SRC|g"; echo "exit ${PIPESTATUS[0]}"; }
try show --dir missing
try show --dir .
try show --dir "$model" --tag_set nope
try show --dir "$model" --tag_set ''
try show --dir "$model" --tag_set '' --signature_def x
try show --dir "$model" --tag_set serve --signature_def nope
try scan --dir missing
try scan --dir "$model" --tag_set nope
mkdir broken && head -c 300 "$model/saved_model.pb" >broken/saved_model.pb
saved_model_cli show --dir broken >out 2>err; echo "exit $?, $(wc -l <out) lines of output, $(wc -l <err) of errors"
cut -c1-75 err
