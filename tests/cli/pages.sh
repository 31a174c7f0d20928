# docs/cli.md and the manual pages are what the table of commands gives.
savedmodel help --markdown | cmp - "$SRC/docs/cli.md" && echo docs/cli.md
savedmodel help --man | cmp - "$SRC/docs/man/savedmodel.1" && echo savedmodel.1
savedmodel help --man saved_model_cli | cmp - "$SRC/docs/man/saved_model_cli.1" && echo saved_model_cli.1
