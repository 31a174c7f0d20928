# run: expressions in, numpy's text out.
model=$SRC/examples/half_plus_two/saved_model
run() { saved_model_cli run --dir "$model" --tag_set serve --signature_def serving_default --input_exprs "$1"; }
run 'x=[[1.0], [2.0], [3.5]]'
run 'x=[[1], [2]]'
run 'x=((True,), (False,))'
run 'x=[[None], [1e400]]'
run 'x=np.ones((3, 1))'
run 'x=np.arange(0, 1, 0.25).reshape(-1, 1)'
run 'x=np.linspace(0, 1000, 1001).reshape(-1, 1)'
run 'x=np.random.RandomState(1).rand(4, 1).astype(np.float32) * 100'
run 'x=[["1.5"], ["2"]]'
run 'x=np.zeros((0, 1))'
echo savedmodel:
savedmodel run "$model" --input_exprs 'x=np.random.rand(3, 1, seed=7)'
savedmodel run "$model" --input_exprs 'x=[[0.5]]' --threads 2
savedmodel run "$model" --input_exprs 'x=[[0.5]]' --passes none
savedmodel run "$model" --input_exprs 'x=[[0.5]]' --tf_debug | grep -c '([A-Za-z0-9]*) float32 ' | sed 's/^[1-9][0-9]*$/nodes were printed/'
savedmodel run "$model" --dump-graph | grep -c . | sed 's/^[1-9][0-9]*$/a graph was printed/'
