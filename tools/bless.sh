#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bless.sh BUILD: rewrites what is expected from what is: each `?` in a .test file from TensorFlow (the Python that
# $TF_PYTHON names, default python3), tests/cli/*.stdout from the programs. Nothing is right because it was blessed:
# read the diff.
set -u
build=$(realpath "$1")
cd "$(dirname "$0")/.." || exit 2
status=0
if grep -lE -- '-> *\?' $(find src -name '*.test') /dev/null >/dev/null; then
    if [ -f tools/tf/bless.py ]; then
        "${TF_PYTHON:-python3}" tools/tf/bless.py $(grep -lE -- '-> *\?' $(find src -name '*.test')) || status=1
    else
        echo "bless: tools/tf/bless.py is missing" >&2; status=1
    fi
fi
for test in tests/cli/*.sh; do
    [ -f "$test" ] && { tools/run_cli_test.sh --bless "$test" "$build/bin" || { echo "$test failed"; status=1; }; }
done
git --no-pager diff --stat -- src tests
exit $status
