# Help goes to standard output and exits 0, for both programs.
savedmodel --help; echo "exit $?"
savedmodel help run; echo "exit $?"
savedmodel bench --help | head -n 1
saved_model_cli --help; echo "exit $?"
saved_model_cli show -h; echo "exit $?"
savedmodel help frobnicate 2>&1; echo "exit $?"
savedmodel version | sed 's/[0-9][0-9.]*$/N/'
savedmodel completion bash | bash -n && echo 'the completion script is bash'
savedmodel completion fish 2>&1; echo "exit $?"
