#!/bin/bash
# Builds with zig, which is clang 16 and brings headers and libraries of musl and macOS. What is built
# for musl is run on Debian's: the unit and oracle suites, and tests/port with the preload object
# (which needs the command in build/). For macOS the libraries are compiled and linked, no more.
# Build folders: build-cross/TARGET.
#
# usage: [ZIG=PROGRAM] tools/cross_zig.sh [--packages] [--build-only] TARGET...
#   TARGET: x86_64-linux-musl x86_64-macos aarch64-macos
#   ZIG: zig 0.11 if it is not in PATH (tools/zig.sh)
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/zig.sh"
packages=no
run=yes
failed=0

# Catch2 is nothing but headers; it must not come with the others of /usr/include. zig links a
# program statically unless it is given some shared library, which need not be used.
write_cross_file() {
  local target=$1 here=$2
  cat <<EOF
[binaries]
cpp = ['ccache', '$here/c++']
ar = '$archiver'
strip = 'strip'
pkgconfig = 'pkg-config'

[properties]
pkg_config_libdir = '/usr/share/pkgconfig'

[built-in options]
cpp_args = ['-isystem', '$here/include']
cpp_link_args = [$link_args]

[host_machine]
system = '$system'
cpu_family = '${target%%-*}'
cpu = '${target%%-*}'
endian = 'little'
EOF
}

one() {
  local target=$1 build=$root/build-cross/$1 here=$root/build-cross/$1.zig
  local system=linux link_args="'-Wl,--as-needed', '-L$here', '-lany'" options=() archiver=ar
  case $target in
    x86_64-linux-musl) ;;
    x86_64-macos | aarch64-macos)
      system=darwin link_args="" options=(-Dtests=false) archiver=$here/ar ;;
    *) echo "Unknown target: $target" >&2; return 1 ;;
  esac
  if [ $packages = yes ]; then
    . "$root/tools/packages.sh"
    install_missing catch2 ccache musl musl-tools || return 1
  fi
  mkdir -p "$here/include"
  ln -sfn /usr/include/catch2 "$here/include/catch2"
  write_zig_compiler "$target" -dynamic >"$here/c++"
  write_zig_archiver >"$here/ar"
  chmod +x "$here/c++" "$here/ar"
  echo >"$here/any.c"
  "$zig" cc -target "$target" -shared -nostdlib "$here/any.c" -o "$here/libany.so" || return 1
  write_cross_file "$target" "$here" >"$here/cross.ini"
  [ -e "$build/build.ninja" ] ||
    meson setup "$build" "$root" --cross-file "$here/cross.ini" -Dtools=false -Doptimization=1 \
      -Dwerror=false "${options[@]}" >"$build.log" 2>&1 ||
    { tail -20 "$build.log"; return 1; }
  if [ $system = darwin ]; then
    ninja -C "$build" {shim/libanysplice,core/api/libanysplice-api}.0.dylib
    return
  fi
  ninja -C "$build" tests/unit/unit tests/oracle/oracle \
    {shim/libanysplice,core/api/libanysplice-api}.{a,so.0.1.0} || return 1
  [ $run = yes ] || return 0
  meson test -C "$build" --no-rebuild --print-errorlogs --timeout-multiplier 3 unit oracle ||
    return 1
  E2E_ANYSPLICE=$root/build/tools/anysplice E2E_PROGRAMS=$build PYTHONPATH=$root/tests/e2e \
    PYTHONDONTWRITEBYTECODE=1 \
    python3 "$root/tests/port/musl_test.py" "$build/shim/libanysplice.so"
}

targets=()
for word in "$@"; do
  case $word in
    --packages) packages=yes ;;
    --build-only) run=no ;;
    -*) echo "usage: tools/cross_zig.sh [--packages] [--build-only] TARGET..." >&2; exit 2 ;;
    *) targets+=("$word") ;;
  esac
done
[ ${#targets[@]} -gt 0 ] || { sed -n '7,9s/^# //p' "$0"; exit 2; }
[ -n "$zig" ] || { echo "There is no zig; see the first lines of $0" >&2; exit 1; }
for target in "${targets[@]}"; do
  if one "$target"; then echo "$target: passed"; else echo "$target: failed"; failed=1; fi
done
exit $failed
