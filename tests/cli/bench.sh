# bench: one number a run, or a summary.
model=$SRC/examples/half_plus_two/saved_model
savedmodel bench "$model" --input_exprs 'x=[[1.]]' --warmup 1 --repeat 3
savedmodel bench "$model" --input_exprs 'x=[[1.]]' --repeat 5 --summary
savedmodel bench "$model" --open
savedmodel bench "$model" --input_exprs 'x=[[1.]]' --profile --passes=-compose --by order --repeat 2
savedmodel bench "$model" --input_exprs 'x=[[1.]]' --profile --passes=-compose --by op --top 1 --repeat 2 | wc -l
COLUMNS=40 savedmodel bench "$model" --input_exprs 'x=[[1.]]' --profile --passes=-compose --by order --isa sse2 --threads 1 --repeat 1 | tail -n +5 | head -n 3
savedmodel bench "$model" --input_exprs 'x=[[1.]]' --profile --passes=-compose --json --repeat 2 | grep -E '"(op|kernel|calls|depth|runs)"'
savedmodel bench "$model" --input_exprs 'x=[[1.]]' --profile --passes=-compose --by size 2>&1; echo $?
