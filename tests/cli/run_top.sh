# run --top: the classifier's answer as bars.
cd "$SRC" || exit
savedmodel run examples/digits/saved_model --input_exprs 'png=[file("examples/digits/7.png")]' --top 1 | grep -c '^ *7 *█'
