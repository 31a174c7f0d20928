#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# layers.sh SOURCE: the tree keeps to src/LAYERS, and tools/check_layers.sh would notice if it did not.
set -u
src=$1
"$src/tools/check_layers.sh" "$src" || exit 1
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/src/base" "$dir/src/graph" "$dir/src/ops/math" "$dir/src/format" "$dir/cli" "$dir/examples" "$dir/include"
cp "$src/src/LAYERS" "$dir/src/"
touch "$dir/src/graph/tensor.h" "$dir/src/base/arena.h" "$dir/src/format/wire_int.h"
expect() # FILE TEXT WANTED-STATUS
{
    printf '%s\n' "$2" >"$dir/$1"
    "$src/tools/check_layers.sh" "$dir" >/dev/null; got=$?
    rm "$dir/$1"
    [ $got = "$3" ] || { echo "$1 with '$2': status $got, expected $3"; exit 1; }
}
expect src/graph/a.c '#include "base/arena.h"' 0
expect src/base/a.c '#include "graph/tensor.h"' 1
expect src/base/a.c '# include "graph/tensor.h"' 1
expect src/ops/math/a.c '#include "graph/tensor.h"' 0
expect src/ops/math/a.c '#include "format/wire_int.h"' 1
expect src/ops/math/a.c 'extern const op_def sum_ops[];' 1
expect src/ops/registry.c 'extern const op_def sum_ops[];' 0
expect src/graph/a.c '#include "../format/wire_int.h"' 1
expect cli/a.c '#include "savedmodel.h"' 0
expect cli/a.c '#include "base/arena.h"' 1
expect examples/a.c '#include "base/arena.h"' 1
