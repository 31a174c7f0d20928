# bench: one number a run, or a summary.
model=$SRC/examples/half_plus_two/saved_model
savedmodel bench "$model" --input_exprs 'x=[[1.]]' --warmup 1 --repeat 3
savedmodel bench "$model" --input_exprs 'x=[[1.]]' --repeat 5 --summary
savedmodel bench "$model" --open
