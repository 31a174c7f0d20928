#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh BUILD SECONDS [TARGET...]: searches for crashes with the libFuzzer programs of BUILD/fuzz, SECONDS shared out
# among the targets, starting from fuzz/corpus/TARGET. New inputs stay in BUILD/found/TARGET; a crash is written to
# BUILD/crashes/TARGET-* and ends the search of its target: reproduce it, mend it, add it to the corpus.
# fuzz.sh --replay BUILD TARGET: the corpus alone.
set -u
cd "$(dirname "$0")/.." || exit 2
limits="-rss_limit_mb=2048 -malloc_limit_mb=2048 -timeout=10"
if [ "$1" = --replay ]; then
    files=(-runs=0)                                # no corpus: the empty input alone
    [ -d "fuzz/corpus/$3" ] && files=(fuzz/corpus/"$3"/*)
    # shellcheck disable=SC2086
    exec "$2/fuzz/$3" $limits "${files[@]}"
fi
build=$1 seconds=$2
shift 2
[ $# -gt 0 ] || set -- $(find "$build/fuzz" -maxdepth 1 -type f -perm -u+x -printf '%f\n' | sort)
[ $# -gt 0 ] || { echo "no fuzz targets in $build/fuzz"; exit 1; }
each=$(( (seconds + $# - 1) / $# ))
failed=0
for target in "$@"; do
    mkdir -p "$build/found/$target" "$build/crashes"
    seeds=(); [ -d "fuzz/corpus/$target" ] && seeds=("fuzz/corpus/$target")
    dictionary=(); [ -f "fuzz/$target.dict" ] && dictionary=("-dict=fuzz/$target.dict")
    # shellcheck disable=SC2086
    if "$build/fuzz/$target" $limits -max_total_time=$each -print_final_stats=1 "${dictionary[@]}" \
        -artifact_prefix="$build/crashes/$target-" "$build/found/$target" "${seeds[@]}" >"$build/crashes/$target.log" 2>&1; then
        awk -v t="$target" '/stat::number_of_executed_units/ { n = $2 } /cov:/ { for (i = 1; i < NF; i++) if ($i == "cov:") c = $(i + 1) }
            END { printf "fuzz %s: %d inputs, %d edges covered, no crash\n", t, n, c }' "$build/crashes/$target.log"
    else
        failed=$((failed + 1))
        echo "fuzz $target: CRASHED, see $build/crashes/$target.log"
        grep -m3 -E 'ERROR|runtime error|SUMMARY|Test unit written' "$build/crashes/$target.log"
    fi
done
exit $((failed > 0))
