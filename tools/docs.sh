#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs.sh BUILD [--check]: writes the pages that are generated: docs/api.md from the public header, docs/ops.md from
# `savedmodel ops`. --check compares instead.
set -u
build=$(realpath "$1")
cd "$(dirname "$0")/.." || exit 2
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT

{
    printf '<!-- made by `make docs` from include/savedmodel.h -->\n# The C interface\n\n'
    awk '/^ \*/ && !started { sub(/^ \*[ ]?/, ""); sub(/ *\*\/$/, ""); if ($0 ~ /^Said once/) { printf "```\n\n"; said = 1; rules = $0; next }
             if (said) { sub(/^ +/, ""); rules = rules ($0 ~ /^\(/ ? "\n- " : " ") $0; next } if (!code && NF) { print "```c"; code = 1 } if (code && (NF || code++ > 1)) print; next }
         /^#ifndef SAVEDMODEL_H/ { started = 1; print rules "\n"; next }
         /^\/\* -- / { if (open) print "```\n"; sub(/^\/\* -- /, ""); sub(/ -* *\*\/$/, ""); print "## " $0 "\n\n```c"; open = 1; blank = 1; next }
         /^#ifdef __cplusplus/ && open { print "```"; exit }
         open { gsub(/SM_API |SM_CHECKED /, ""); if (!NF && blank) next; blank = !NF; print }' include/savedmodel.h
} >"$dir/api.md"

{
    printf '<!-- made by `make docs` from the op tables -->\n# Ops that are built in\n\nWhat `savedmodel ops` prints.\n\n```\n'
    "$build/bin/savedmodel" ops || exit 1
    printf '```\n'
} >"$dir/ops.md"

status=0
for page in "$dir"/*.md; do
    name=docs/${page##*/}
    if [ "${2:-}" = --check ]; then
        cmp -s "$page" "$name" || { echo "$name is not fresh: run make docs"; status=1; }
    elif ! cmp -s "$page" "$name"; then
        cp "$page" "$name" && echo "wrote $name"
    fi
done
exit $status
