#!/bin/bash
# Builds for other machines and runs the unit and oracle suites there, by qemu-user where this
# machine cannot. Needs Debian's cross compilers (see --packages). Build folders: build-cross/ARCH.
#
# usage: tools/cross.sh [--packages] [--build-only] ARCH...
#   ARCH: i686 aarch64 riscv64 s390x ppc64le
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
packages=no
run=yes
failed=0

# triplet, meson's cpu family, byte order, Debian's name of the compiler package's machine, and how
# its programs run here.
describe() {
  case $1 in
    i686)    triplet=i686-linux-gnu        family=x86     endian=little debian=i686 ;;
    aarch64) triplet=aarch64-linux-gnu     family=aarch64 endian=little debian=aarch64 ;;
    riscv64) triplet=riscv64-linux-gnu     family=riscv64 endian=little debian=riscv64 ;;
    s390x)   triplet=s390x-linux-gnu       family=s390x   endian=big    debian=s390x ;;
    ppc64le) triplet=powerpc64le-linux-gnu family=ppc64   endian=little debian=powerpc64le ;;
    *) echo "Unknown machine: $1" >&2; return 1 ;;
  esac
  runner=("qemu-$1" -L "/usr/$triplet")
  if [ "$1" = i686 ] && [ "$(uname -m)" = x86_64 ]; then  # which runs as it is
    runner=("/usr/$triplet/lib/ld-linux.so.2" --library-path "/usr/$triplet/lib")
  fi
}

# The cross file for meson. The C++ runtime is linked in.
write_cross_file() {
  local quoted="" word
  for word in "${runner[@]}"; do quoted+="'$word', "; done
  cat <<EOF
[binaries]
cpp = ['ccache', '$triplet-g++']
c = '$triplet-gcc'
ar = '$triplet-ar'
strip = '$triplet-strip'
pkgconfig = 'pkg-config'
exe_wrapper = [${quoted}]

[properties]
pkg_config_libdir = '/usr/share/pkgconfig'
needs_exe_wrapper = true

[built-in options]
cpp_link_args = ['-static-libgcc', '-static-libstdc++']

[host_machine]
system = 'linux'
cpu_family = '$family'
cpu = '$1'
endian = '$endian'
EOF
}

one() {
  local arch=$1 build=$root/build-cross/$1 cross=$root/build-cross/$1.ini
  describe "$arch" || return 1
  if [ $packages = yes ]; then
    . "$root/tools/packages.sh"
    install_missing "g++-$debian-linux-gnu" qemu-user catch2 ccache || return 1
  fi
  if ! command -v "$triplet-g++" >/dev/null; then
    echo "$arch: no $triplet-g++; tools/cross.sh --packages installs it" >&2
    return 1
  fi
  mkdir -p "$root/build-cross"
  write_cross_file "$arch" >"$cross"
  [ -e "$build/build.ninja" ] ||
    meson setup "$build" "$root" --cross-file "$cross" -Dtools=false -Doptimization=1 >"$build.log" 2>&1 ||
    { tail -20 "$build.log"; return 1; }
  ninja -C "$build" tests/unit/unit tests/oracle/oracle shim/libanysplice-interpose.so.0.1.0 || return 1
  [ $run = yes ] || return 0
  meson test -C "$build" --no-rebuild --print-errorlogs --timeout-multiplier 6 unit oracle
}

machines=()
for word in "$@"; do
  case $word in
    --packages) packages=yes ;;
    --build-only) run=no ;;
    -*) echo "usage: tools/cross.sh [--packages] [--build-only] ARCH..." >&2; exit 2 ;;
    *) machines+=("$word") ;;
  esac
done
[ ${#machines[@]} -gt 0 ] || { sed -n '5,6s/^# //p' "$0"; exit 2; }
for arch in "${machines[@]}"; do
  if one "$arch"; then echo "$arch: passed"; else echo "$arch: failed"; failed=1; fi
done
exit $failed
