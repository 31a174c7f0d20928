#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# manual.sh SOURCE BUILD CC: the examples of README.md and docs/*.md are true. In a ```console block each "$ command" is
# run from the source folder with the programs in PATH and must print the lines below it; a line "..." stands for any
# number of lines, and standard error is not compared. A command of make is not run. A ```c block with a main function
# is compiled, linked and run.
set -u
src=$1 build=$2 cc=$3
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
export PATH=$build/bin:$PATH OUT=$dir/out
cd "$src" || exit 2
awk -v dir="$dir" '
    FNR == 1 { inside = "" }
    /^```/ { if (inside != "") inside = ""; else { inside = substr($0, 4); if (inside == "") inside = "text"
             if (inside == "c") { c++; print FILENAME ":" FNR > (dir "/" c ".where") } } next }
    inside == "console" && /^\$ / { n++; cmd = substr($0, 3); print cmd > (dir "/" n ".cmd"); print FILENAME ":" FNR > (dir "/" n ".at"); printf "" > (dir "/" n ".want"); next }
    inside == "console" && n { print > (dir "/" n ".want") }
    inside == "c" { print > (dir "/" c ".c") }' README.md docs/*.md
# same WANT GOT: whether the lines agree.
same()
{
     awk '
    FILENAME == ARGV[1] { want[++w] = $0; next } { got[++g] = $0 }
    function match_from(i, j) { while (i <= w) { if (want[i] == "...") { for (; j <= g + 1; j++) if (match_from(i + 1, j)) return 1; return 0 }
                                 if (j > g || got[j] != want[i]) return 0; i++; j++ } return j == g + 1 }
    END { exit !match_from(1, 1) }' "$1" "$2"
}

failed=0 ran=0
for cmd in $(ls "$dir"/*.cmd 2>/dev/null | sort -V); do
    n=${cmd%.cmd}
    grep -qE '^(make|git|sudo|apt-get)( |$)' "$cmd" && continue
    ran=$((ran + 1))
    bash "$cmd" </dev/null >"$n.got" 2>"$n.err"
    if ! same "$n.want" "$n.got"; then
        failed=$((failed + 1))
        echo "$(cat "$n.at"): \$ $(cat "$cmd")"; diff "$n.want" "$n.got" | head -n 20; tail -n 3 "$n.err"
    fi
done
for c in $(ls "$dir"/*.c 2>/dev/null | sort -V); do
    grep -q 'int main' "$c" || continue
    ran=$((ran + 1))
    # shellcheck disable=SC2046
    if ! { $cc -std=c11 -Wall -Werror -Iinclude "$c" "$build/lib/libsavedmodel.a" $(sed -n 's/^Libs.private: *//p' "$build/savedmodel.pc") $(grep -oE -- '-fsanitize=[a-z,-]+' "$build/CMakeFiles/sm_objects.dir/flags.make" | sort -u) -o "$c.x" && "$c.x" >"$c.out"; } 2>"$c.err"; then
        failed=$((failed + 1))
        echo "$(cat "${c%.c}.where"): the program fails"; head -n 10 "$c.err"
    fi
done
echo "$ran examples, $failed wrong"
[ $ran -gt 0 ] && [ $failed = 0 ]
