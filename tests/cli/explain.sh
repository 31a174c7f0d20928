# explain: passes, kernels and memory, the same on every machine when it keeps to portable kernels.
model=$SRC/examples/half_plus_two/saved_model
savedmodel explain "$model" --passes=-compose --isa portable >out; head -n 4 out; tail -n 3 out
savedmodel explain "$model" --passes=-compose --input_exprs 'x=np.ones((2, 1))' --isa portable --all | tail -n 7
savedmodel explain "$model" --isa portable --node mul --passes none | head -n 6
savedmodel explain "$SRC/examples/digits/saved_model" --isa portable --node MaxPool2d | tail -n +5 | head -n 2
savedmodel explain "$model" --passes=-compose --json --node add --isa portable | grep -E '"(call_nodes|workspace|live|place|when)"'
savedmodel explain "$model" --passes=-compose --input_exprs 'y=1' 2>&1; echo $?
savedmodel explain missing 2>&1; echo $?
