#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run_example.sh EXAMPLE.c PROGRAM: runs an example as the "run:" line of its first comment says (its arguments, relative
# to the source tree) and compares standard output with EXAMPLE.stdout.
set -u
arguments=$(sed -n 's/^.*[ *]run: *\(.*\)$/\1/p;2,${/\*\//q}' "$1" | sed 's/ *\*\/ *$//')
[ -f "${1%.c}.stdout" ] || { echo "there is no ${1%.c}.stdout"; exit 1; }
cd "$(dirname "$0")/.." || exit 2
# shellcheck disable=SC2086
out=$("$2" $arguments </dev/null) || { echo "exit status $?"; exit 1; }
diff -u "${1%.c}.stdout" - <<<"$out"
