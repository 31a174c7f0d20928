#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh BUILD: how long the example models take to open and to run, one line each; more in docs/performance.md.
set -u
build=$(realpath "$1")
cd "$(dirname "$0")/.." || exit 2
for model in examples/*/saved_model "$@"; do
    [ -f "$model/saved_model.pb" ] || continue
    echo "$model"
    "$build/bin/savedmodel" bench --dir "$model" --open || exit 1
    "$build/bin/savedmodel" bench --dir "$model" --summary --warmup 20 --repeat 200 || exit 1
done
