# ops: the table of what is built in.
savedmodel ops | grep '^Relu '
savedmodel ops Relu6 | grep -c .
savedmodel ops --markdown | grep -c '^| Relu |'
savedmodel ops NoSuchOp 2>&1; echo "exit $?"
