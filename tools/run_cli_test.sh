#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run_cli_test.sh [--bless] TEST.sh BINDIR: runs a test of the command line with BINDIR first in PATH, from an own empty
# folder ($SRC is the source tree), and compares standard output with TEST.stdout, or line by line with the patterns of
# TEST.glob (* and ? stand for moving parts). Standard error is shown on failure and not compared: a test that cares
# says 2>&1. Exit statuses are the script's business (`cmd; echo $?`). --bless rewrites TEST.stdout.
set -u
bless=
[ "$1" = --bless ] && { bless=1; shift; }
test=$(realpath "$1") want=${test%.sh}
bin=$(realpath "$2")
export SRC=$(realpath "$(dirname "$0")/..") PATH=$bin:$PATH LC_ALL=C.UTF-8
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/run"
(cd "$dir/run" && bash "$test") </dev/null >"$dir/out" 2>"$dir/err"
status=$?
if [ $status != 0 ]; then
    echo "the script itself ended with status $status"; tail -n 20 "$dir/err"; exit 1
fi
if [ -n "$bless" ] && [ ! -f "$want.glob" ]; then
    cmp -s "$dir/out" "$want.stdout" || { cp "$dir/out" "$want.stdout"; echo "wrote $want.stdout"; }
elif [ -f "$want.glob" ]; then
    n=0
    while IFS= read -r pattern <&3 && IFS= read -r line <&4; do
        n=$((n + 1))
        # shellcheck disable=SC2053
        [[ $line == $pattern ]] || { printf 'line %d: %s\nexpected: %s\n' $n "$line" "$pattern"; exit 1; }
    done 3<"$want.glob" 4<"$dir/out"
    [ "$(wc -l <"$want.glob")" = "$(wc -l <"$dir/out")" ] || { echo "$(wc -l <"$dir/out") lines, expected $(wc -l <"$want.glob")"; exit 1; }
elif [ ! -f "$want.stdout" ]; then
    echo "there is no $want.stdout; write it with --bless and read it"; exit 1
else
    diff -u "$want.stdout" "$dir/out" || { tail -n 20 "$dir/err"; exit 1; }
fi
