# saved_model_cli show, as TensorFlow prints it.
model=$SRC/examples/half_plus_two/saved_model
saved_model_cli show --dir "$model"
saved_model_cli show --dir "$model" --list_ops
saved_model_cli show --dir "$model" --tag_set serve
saved_model_cli show --dir "$model" --tag_set serve --signature_def serving_default
saved_model_cli show --dir "$model" --all
saved_model_cli show --dir "$SRC/examples/digits/saved_model" --all
saved_model_cli scan --dir "$model"
saved_model_cli scan --dir "$model" --tag_set serve --op_denylist 'Placeholder, Nothing'
