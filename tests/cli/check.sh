# check: every signature of the examples runs.
savedmodel check "$SRC/examples/half_plus_two/saved_model"; echo "exit $?"
savedmodel check "$SRC/examples/digits/saved_model" >/dev/null; echo "exit $?"
savedmodel check missing 2>&1; echo "exit $?"
