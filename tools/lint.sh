#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# lint.sh BUILD: what a compiler does not say. BUILD is a configured and built folder (its compile_commands.json and
# objects are read). Each check is one function below and prints `lint NAME: ok` or what it found.
# LINT_ONLY="format layers" runs some of them.
set -u
build=$(realpath "${1:-build-dev}")
cd "$(dirname "$0")/.." || exit 2
sources=$(git ls-files 'src/*.c' 'cli/*.c' 'fuzz/*.c' 'examples/*.c')
all=$(git ls-files '*.c' '*.h')

format()        # clang-format decides
{
    for f in $all; do clang-format-16 --dry-run -Werror "$f" >/dev/null 2>&1 || echo "$f: run make format"; done
}

layers()        # src/LAYERS
{
    tools/check_layers.sh >/tmp/lint.$$ || cat /tmp/lint.$$
    rm -f /tmp/lint.$$
}

tidy()          # .clang-tidy: bugprone, cognitive complexity
{
    git ls-files 'src/*.c' 'cli/*.c' | xargs -P "$(nproc)" -n 4 clang-tidy-16 -p "$build" --quiet 2>/dev/null |
        grep -E '(warning|error):' | sort -u
}

# Source without comments and string literals, line numbers kept: FILE:LINE:text.
code()
{
    awk 'FNR == 1 { inside = 0 }
        { line = $0; out = ""
          while (line != "") {
              if (inside) { if (!(n = index(line, "*/"))) break; line = substr(line, n + 2); inside = 0; continue }
              if (match(line, /^[^"\/\047]+/)) { out = out substr(line, 1, RLENGTH); line = substr(line, RLENGTH + 1); continue }
              if (match(line, /^"([^"\\]|\\.)*"/) || match(line, /^\047([^\047\\]|\\.)*\047/)) { out = out "S"; line = substr(line, RLENGTH + 1); continue }
              if (line ~ /^\/\*/) { inside = 1; line = substr(line, 3); continue }
              if (line ~ /^\/\//) break
              out = out substr(line, 1, 1); line = substr(line, 2) }
          print FILENAME ":" FNR ":" out }' "$@"
}

banned()        # functions that have better ones; the heap outside base
{
    code $all | grep -E '[^A-Za-z0-9_>.](strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atof)[ ]*\('
    code $(git ls-files 'src/*.[ch]' | grep -v '^src/base/') |
        grep -E '[^A-Za-z0-9_>.](malloc|calloc|realloc|free|aligned_alloc|posix_memalign|strdup|strndup)[ ]*\(' | sed 's/$/   (the heap is for base)/'
}

statics()       # what only one file uses is static
{
    find "$build" -path '*sm_objects.dir*' -name '*.o' -o -path '*cli_internals.dir*' -name '*.o' -o -path '*savedmodel.dir*' -name '*.o' |
        xargs nm -A -g 2>/dev/null | awk '
        { split($0, part, ":"); n = split($0, word, " "); name = word[n]; kind = word[n - 1]; file = part[1]
          if (kind == "U") used[name] = 1; else if (kind ~ /^[TDBRV]$/) { defined[name] = file } }
        END { for (name in defined) if (!(name in used) && name !~ /^sm_/ && name != "main") print name, defined[name] }' |
    while read -r name file; do
        # tests, fuzz targets and benchmarks may use insides too
        grep -rqw "$name" tests fuzz bench --include='*.[ch]' 2>/dev/null && continue
        file=${file#*.dir/}
        # a name that its file does not spell out is pasted by a macro: a row of a table, for whoever needs it
        grep -qw "$name" "${file%.o}" 2>/dev/null || continue
        echo "${file%.o}: $name is used nowhere else: static"
    done | sort
}

names()         # a file name occurs once in the tree
{
    printf '%s\n' $all | sed 's|.*/||' | sort | uniq -d | sed 's/$/: more than one file has this name/'
    git ls-files | grep -E '/(utils?|common|misc|helpers?)\.[ch]$' | sed 's/$/: says nothing/'
}

readmes()       # each folder says what its files are
{
    git ls-files 'src/**' 'cli/**' 'tests/**' 'fuzz/*' 'examples/*' 'cmake/*' 'tools/**' 'bench/*' | grep -vE 'README.md$|/corpus/|^tests/models/|^tests/data/|^tests/cli/|^examples/[^/]*/|^src/LAYERS$' |
    while read -r f; do
        dir=$(dirname "$f") base=$(basename "$f")
        stem=${base%.*}
        if [ ! -f "$dir/README.md" ]; then echo "$dir: no README.md"
        elif ! grep -qF -e "$base" -e "\`$stem\`" -e "$stem.h" -e "$stem.c" -e "$stem.{" -e "$stem.[" -e "$stem.*" "$dir/README.md"; then echo "$dir/README.md does not mention $base"; fi
    done | sort -u
}

licence()       # one SPDX line
{
    for f in $all; do head -n 1 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$f: no SPDX line"; done
}

size()          # about 60 lines a function, 800 a file: past the hard limits there is an idea missing
{
    wc -l $all | awk '$1 > 800 && $2 != "total" && $2 !~ /^include\// { print $2 ": " $1 " lines" }'
    awk 'FNR == 1 { open = 0 } /^\{/ { open = FNR }
         /^\}/ { if (open && FNR - open > 80) print FILENAME ":" open ": a function of " FNR - open " lines"; open = 0 }' $sources
}

spelling()
{
    git ls-files '*.c' '*.h' '*.md' '*.sh' '*.cmake' '*.py' 'Makefile' | xargs codespell -L "$(grep -v '^#' tools/spelling.txt | paste -sd,)" 2>/dev/null
}

failed=0
for check in ${LINT_ONLY:-format layers banned statics names readmes licence size spelling tidy}; do
    found=$($check)
    if [ -n "$found" ]; then
        failed=$((failed + 1))
        printf 'lint %s: %d\n%s\n' "$check" "$(wc -l <<<"$found")" "$found"
    else
        echo "lint $check: ok"
    fi
done
exit $((failed > 0))
