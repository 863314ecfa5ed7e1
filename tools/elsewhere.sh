#!/bin/sh
# On any Unix: builds libanysplice-api with the POSIX engine, installs it into a folder, and runs the
# programs of tests/outside that call it by its own names. Needs a C++20 compiler, meson, ninja and
# pkg-config.
#
# usage: tools/elsewhere.sh [BUILD-FOLDER]
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build-elsewhere}
mkdir -p "$build"
build=$(cd "$build" && pwd)
[ -e "$build/build.ninja" ] ||
  meson setup "$build" "$root" --prefix="$build/installed" --libdir=lib --buildtype=release \
    -Dplatform=posix -Dtools=false -Dtests=false -Dwerror=false
ninja -C "$build"
meson install -C "$build" --no-rebuild --quiet

PKG_CONFIG_PATH=$build/installed/lib/pkgconfig
LD_LIBRARY_PATH=$build/installed/lib
export PKG_CONFIG_PATH LD_LIBRARY_PATH
flags=$(pkg-config --cflags --libs anysplice-api)
cd "$build"
# shellcheck disable=SC2086 (words)
${CC:-cc} -std=c99 -o explicit_c "$root/tests/outside/project/explicit.c" $flags
# shellcheck disable=SC2086
${CXX:-c++} -std=c++11 -o explicit_cpp "$root/tests/outside/project/explicit_cpp.cc" $flags
for program in explicit_c explicit_cpp; do
  ./$program 0 0
  echo "$program: works on $(uname -s) $(uname -r)"
done
