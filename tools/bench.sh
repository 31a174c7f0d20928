#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh BUILD: how long the example models take to open and to run, and the digits' kernels on each instruction set; more in
# docs/performance.md.
set -u
build=$(realpath "$1")
cd "$(dirname "$0")/.." || exit 2
bench() # MODEL INPUTS
{
    echo "$1"
    "$build/bin/savedmodel" bench "examples/$1/saved_model" --open --repeat 20 &&
        "$build/bin/savedmodel" bench "examples/$1/saved_model" --input_exprs "$2" --summary --warmup 20 --repeat 200
}
bench half_plus_two 'x=np.ones((8, 1))' && bench digits 'png=[file("examples/digits/7.png")]'
for isa in portable sse2 avx2 avx512; do
    echo "digits, kernels of $isa"
    "$build/bin/savedmodel" bench examples/digits/saved_model --input_exprs 'png=[file("examples/digits/7.png")]' --isa $isa \
        --threads 1 --profile --warmup 20 --repeat 200 | grep -E "Conv2D|MatMul|avx|sse|portable" | head -n 6
done
