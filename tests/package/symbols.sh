#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# symbols.sh SOURCE BUILD CC: both libraries show only sm_*, and a program may define an internal name for itself.
set -u
src=$1 build=$2 cc=$3
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
a=$build/lib/libsavedmodel.a so=$build/lib/libsavedmodel.so
if nm "$a" 2>/dev/null | grep -qE '__(asan|tsan|ubsan)_|__sancov'; then
    echo "a sanitizer adds symbols of its own"; exit 77
fi
bad=$( { nm -g --defined-only "$a"; nm -gD --defined-only "$so"; } | awk 'NF == 3 && $3 !~ /^sm_/ { print $3 }')
[ -z "$bad" ] || { echo "not sm_*:"; echo "$bad" | sort -u; exit 1; }
shown=$(nm -gD --defined-only "$so" | awk 'NF == 3' | wc -l)
declared=$(grep -c '^SM_API' "$src/include/savedmodel.h")
[ "$shown" -gt 0 ] || { echo "the shared library shows nothing"; exit 1; }
# each function that the header declares is there, in both
awk '/^SM_API/ { on = 1 } on { text = text " " $0 } /;/ { if (on && match(text, /sm_[a-z0-9_]+\(/)) print substr(text, RSTART, RLENGTH - 1); on = 0; text = "" }' \
    "$src/include/savedmodel.h" | sort -u >"$dir/declared"
for lib in "-D $so" "$a"; do
    # shellcheck disable=SC2086
    nm -g --defined-only $lib | awk 'NF == 3 { print $3 }' | sort -u >"$dir/shown"
    missing=$(comm -23 "$dir/declared" "$dir/shown")
    [ -z "$missing" ] || { echo "declared but not in $lib:"; echo "$missing"; exit 1; }
done
printf '#include "savedmodel.h"\nint arena_new(void);\nint arena_new(void) { return 0; }\nint main(void) { return arena_new() || !sm_version(); }\n' >"$dir/x.c"
$cc -I"$src/include" "$dir/x.c" "$a" $(sed -n 's/^Libs.private: *//p' "$build/savedmodel.pc") -o "$dir/x" && "$dir/x" || exit 1
echo "$shown functions shown, $declared declarations"
