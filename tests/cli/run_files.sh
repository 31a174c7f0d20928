# run: outputs to files, and files as inputs.
model=$SRC/examples/half_plus_two/saved_model
run() { saved_model_cli run --dir "$model" --tag_set serve --signature_def serving_default "$@" 2>&1; echo "exit $?"; }
run --input_exprs 'x=[[1.], [2.]]' --outdir a/b
run --input_exprs 'x=[[3.]]' --outdir a/b
run --input_exprs 'x=[[3.]]' --outdir a/b --overwrite
name=$(ls a/b)
run --inputs "x=a/b/$name"
run --inputs "x=a/b/$name[key]"
run --inputs "x=a/b/$name" --input_exprs 'x=[[9.]]'
savedmodel bench "$model" --input_exprs 'x=[[8.], [6.]]' --repeat 1 --outputs out.npz >times; wc -l <times
run --inputs "x=out.npz"
run --inputs "x=out.npz[${name%.npy}]"
run --inputs "x=out.npz[zz]"
printf '\x80\x02]q\x00(]G@\x08\x00\x00\x00\x00\x00\x00a]K\x05ae.' >list.pkl
run --inputs x=list.pkl
printf '\x80\x02}q\x00X\x01\x00\x00\x00aq\x01]]K\x07aas.' >dict.pkl
run --inputs 'x=dict.pkl[a]'
run --inputs 'x=dict.pkl[b]'
run --inputs 'x=dict.pkl'
printf "cos\nsystem\n(S'echo'\ntR." >evil.pkl
run --inputs x=evil.pkl
: >empty
run --inputs x=empty
