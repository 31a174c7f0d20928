#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# install.sh SOURCE BUILD CC: what `make install` lays down is enough to build a program through pkg-config, shared and
# static, and through find_package, and the installed programs run.
set -u
src=$1 build=$2 cc=$3
grep -qE '^SM_SANITIZE:[A-Z]+=.+' "$build/CMakeCache.txt" && { echo "not with a sanitizer"; exit 77; }
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
cmake --install "$build" --prefix "$dir/usr" >"$dir/log" || { cat "$dir/log"; exit 1; }
lib=$(dirname "$(find "$dir/usr" -name libsavedmodel.a)")
cat >"$dir/x.c" <<'END'
#include <savedmodel.h>
#include <string.h>
int main(void) { return strcmp(sm_version(), SM_VERSION); }
END
sed -i "s|^prefix=.*|prefix=$dir/usr|" "$lib/pkgconfig/savedmodel.pc"
export PKG_CONFIG_PATH=$lib/pkgconfig
set -e
$cc "$dir/x.c" $(pkg-config --cflags --libs savedmodel) -o "$dir/shared"
LD_LIBRARY_PATH=$lib "$dir/shared"
$cc "$dir/x.c" $(pkg-config --cflags savedmodel) "$lib/libsavedmodel.a" $(pkg-config --static --libs savedmodel | sed 's/-lsavedmodel//') -o "$dir/static"
"$dir/static"
readelf -d "$dir/shared" | grep -q 'libsavedmodel.so.[0-9]*\]' || { echo "no soname"; exit 1; }
mkdir "$dir/user"
cat >"$dir/user/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.20)
project(user C)
find_package(savedmodel REQUIRED)
foreach(kind shared static)
    add_executable(${kind} ../x.c)
    target_link_libraries(${kind} PRIVATE savedmodel::${kind})
endforeach()
END
cmake -S "$dir/user" -B "$dir/user/b" -DCMAKE_PREFIX_PATH="$dir/usr" -DCMAKE_C_COMPILER="$cc" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
cmake --build "$dir/user/b" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
"$dir/user/b/shared" && "$dir/user/b/static"
for program in savedmodel saved_model_cli; do
    test -x "$dir/usr/bin/$program" || { echo "no bin/$program"; exit 1; }
    "$dir/usr/bin/$program" --help >/dev/null || { echo "$program --help: status $?"; exit 1; }
done
