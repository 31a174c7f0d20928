#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The dependency law (src/LAYERS) on every #include "...": a room (folder of src/) includes itself and what its row allows;
# cli/ and examples/ see savedmodel.h and their own headers; only ops/registry.c names the op families (NAME_ops).
cd "${1:-$(dirname "$0")/..}" || exit 2
find src cli examples -name '*.[ch]' -o -name '*.def' | sort | xargs awk '
    FILENAME == "src/LAYERS" { if (!/^#/ && NF) { sub(/:$/, "", $1); for (i = 2; i <= NF; i++) may[$1, $i] = 1; may[$1, $1] = rooms[$1] = 1 } next }
    FNR == 1 { n = split(FILENAME, at, "/"); room = at[1] == "src" ? at[2] : at[1]; files++
               if (at[1] == "src" && !(room in rooms)) bad("the room " room " has no row in src/LAYERS") }
    function bad(why) { print FILENAME ":" FNR ": " why; failed = 1 }
    function is_file(path, line) { line = (getline line < path); close(path); return line >= 0 }
    /^[ \t]*#[ \t]*include[ \t]*"/ { split($0, part, "\""); name = part[2]
        if (name == "savedmodel.h") next
        target = name; sub(/\/.*/, "", target)
        here = FILENAME; sub(/[^\/]*$/, "", here)
        if (is_file(here name) && name !~ /^\.\.\//) next
        if (at[1] != "src") { if (!is_file(at[1] "/" name)) bad(at[1] " may include only savedmodel.h and its own headers, not " name) }
        else if (!((room, target) in may)) bad(room " may not include " name)
        if (name ~ /_int\.h$/) { from = FILENAME; sub(/[^\/]*$/, "", from); of = "src/" name; sub(/[^\/]*$/, "", of)
                                 if (from != of) bad(name " is private to " of) } }
    room == "ops" && FILENAME != "src/ops/registry.c" && /^extern const op_def [a-z0-9_]+_ops\[/ { bad("only ops/registry.c names families") }
    END { if (!failed) print "layers: " files " files keep to src/LAYERS"; exit failed }' src/LAYERS || exit 1
