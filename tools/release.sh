#!/bin/bash
# Makes a release in build/tarballs, or in the folder named: the tarballs
# anysplice-VERSION-linux-MACHINE.tar.gz, an OCI image of them, and SHA256SUMS. Each has a static
# command; the preload object for glibc 2.17 and newer, and that for musl; the objects that write
# traces; libraries, headers, manual pages, completions. They work wherever they are unpacked, without
# root.
#
# Needs Debian 12's packages (--packages installs them, as root) and zig. The same commit gives the
# same bytes. Builds in build/tarballs/MACHINE.
#
# usage: [ZIG=PROGRAM] tools/release.sh [--packages] [--check] [--machine MACHINE]... VERSION [FOLDER]
#   --check: builds all twice, compares, and tries the result (tools/release/check.sh)
#   --machine: x86_64, aarch64; without, both
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/zig.sh"
work=$root/build/tarballs
packages=no
check=no
machines=()

wrong() {
  echo "WRONG: $*" >&2
  exit 1
}

# Runs a command with its output in a file, and shows the end of that if it fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 </dev/null || { tail -20 "$log" >&2 && wrong "$*"; }
}

# meson's description of a machine: compilers first, then what else they need.
write_cross_file() {
  local machine=$1 cpp=$2 ar=$3 strip=$4 properties=$5
  cat <<END
[binaries]
cpp = [$cpp]
ar = '$ar'
strip = '$strip'
pkgconfig = 'pkg-config'

[properties]
needs_exe_wrapper = $([ "$machine" = "$(uname -m)" ] && echo false || echo true)
$properties

[host_machine]
system = 'linux'
cpu_family = '$machine'
cpu = '$machine'
endian = 'little'
END
}

configure() {
  local build=$1 log=$2
  shift 2
  [ -e "$build/build.ninja" ] ||
    quietly "$log" meson setup "$build" "$root" --buildtype=release -Dtests=false -Dwerror=false \
      --prefix=/usr/local --libdir=lib "$@"
}

# The libraries and objects of a machine for one C library, by zig.
build_objects() {
  local machine=$1 libc=$2 build=$3 target=$1-linux-$2
  [ "$libc" = musl ] || target+=.2.17
  local here=$build.zig
  mkdir -p "$here/include" "$here/pkgconfig"
  ln -sfn /usr/include/spdlog "$here/include/spdlog"  # without the others of /usr/include
  ln -sfn /usr/include/fmt "$here/include/fmt"
  printf 'Name: spdlog\nDescription: headers\nVersion: %s\n' \
    "$(pkg-config --modversion spdlog)" >"$here/pkgconfig/spdlog.pc"
  # (The paths of the build folder must not be in the result.)
  write_zig_compiler "$target" -g0 -isystem "$here/include" "-ffile-prefix-map=$build=." "-ffile-prefix-map=$root=." >"$here/c++"
  write_zig_archiver >"$here/ar"
  chmod +x "$here/c++" "$here/ar"
  write_cross_file "$machine" "'ccache', '$here/c++'" "$here/ar" "$(strip_of "$machine")" \
    "pkg_config_libdir = '$here/pkgconfig'" >"$here/cross.ini"
  configure "$build" "$build.log" --cross-file "$here/cross.ini" -Dtools=false -Dlog=true
  quietly "$build.log" ninja -C "$build"
  rm -rf "$build.installed"
  DESTDIR=$build.installed quietly "$build.log" meson install -C "$build" --no-rebuild
}

strip_of() {
  [ "$1" = "$(uname -m)" ] && echo strip || echo "$1-linux-gnu-strip"
}

# What the command is linked with on another machine, from Debian's archive; nothing is installed.
fetch_sysroot() {
  local debian=$1 to=$2 package options
  [ ! -e "$to/complete" ] || return 0
  mkdir -p "$to"/{apt/lists/partial,apt/archives/partial,debs}
  options=(-q -o "APT::Architecture=$debian" -o "APT::Architectures=$debian" -o "Dir::State=$to/apt"
           -o Dir::State::status=/dev/null -o "Dir::Cache=$to/apt" -o APT::Sandbox::User=)
  quietly "$to/log" apt-get "${options[@]}" update
  (cd "$to/debs" && quietly "$to/log" apt-get "${options[@]}" download \
    libabsl-dev libfmt-dev libseccomp-dev libspdlog-dev nlohmann-json3-dev)
  for package in "$to"/debs/*.deb; do dpkg-deb -x "$package" "$to"; done
  touch "$to/complete"
}

# The command, static, by gcc with Debian's libraries.
build_command() {
  local machine=$1 build=$2 options=()
  if [ "$machine" != "$(uname -m)" ]; then
    local sysroot=$work/sysroot-$machine debian=${machine/aarch64/arm64}
    fetch_sysroot "$debian" "$sysroot"
    local headers="'-isystem', '$sysroot/usr/include'"
    write_cross_file "$machine" "'ccache', '$machine-linux-gnu-g++', $headers" \
      "$machine-linux-gnu-ar" "$(strip_of "$machine")" \
      "sys_root = '$sysroot'
pkg_config_libdir = '$sysroot/usr/lib/$machine-linux-gnu/pkgconfig:$sysroot/usr/share/pkgconfig:/usr/share/pkgconfig'" \
      >"$build.ini"
    options=(--cross-file "$build.ini")
  fi
  CXX="${CXX:-ccache g++}" configure "$build" "$build.log" "${options[@]}" -Dstatic_command=true
  quietly "$build.log" ninja -C "$build" tools/anysplice tools/conform/splice-conform
}

# All of a machine, in the folder named as the tarball is.
assemble() {
  local machine=$1 from=$2 to=$3 runner= strip
  strip=$(strip_of "$machine")
  rm -rf "$to"
  mkdir -p "$to/bin"
  cp -r "$from/gnu.installed/usr/local/." "$to"
  cp "$from/musl/shim/libanysplice.so.0.1.0" "$to/lib/libanysplice-musl.so"
  cp "$from/musl/shim/libanysplice-log.so" "$to/lib/anysplice/libanysplice-log-musl.so"
  cp "$from/command/tools/anysplice" "$from/command/tools/conform/splice-conform" "$to/bin"
  mkdir -p "$to"/share/{anysplice,bash-completion/completions,zsh/site-functions,fish/vendor_completions.d}
  cp "$root/tools/demo/demo.sh" "$to/share/anysplice"
  [ "$machine" = "$(uname -m)" ] || runner="qemu-$machine-static"
  $runner "$to/bin/anysplice" completion bash >"$to/share/bash-completion/completions/anysplice"
  $runner "$to/bin/anysplice" completion zsh >"$to/share/zsh/site-functions/_anysplice"
  $runner "$to/bin/anysplice" completion fish >"$to/share/fish/vendor_completions.d/anysplice.fish"
  local preload
  preload=$(readlink -f "$to/lib/libanysplice.so")
  PYTHONDONTWRITEBYTECODE=1 "$root/tools/release/initfirst.py" "$preload"
  PYTHONDONTWRITEBYTECODE=1 "$root/tools/release/libc_alone.py" "$preload"
  find "$to/bin" "$to/lib" -type f \( -path '*/bin/*' -o -name '*.so*' \) -exec "$strip" {} +
  find "$to/lib" -type f -name '*.a' -exec "$strip" --strip-debug --enable-deterministic-archives {} +
  mkdir -p "$to/share/man/man1" "$to/share/man/man7"
  cp "$root/docs/anysplice.1" "$to/share/man/man1"
  cp "$root"/docs/anysplice{,-inject}.7 "$to/share/man/man7"
  cp "$root"/{LICENSE,README.md,CHANGELOG.md} "$to"
  # Found from wherever it is unpacked.
  sed -i "s|^prefix=.*|prefix=\${pcfiledir}/../..|" "$to"/lib/pkgconfig/*.pc
  (cd "$to" && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
}

pack() {
  local folder=$1 to=$2
  tar -C "$(dirname "$folder")" --sort=name --mtime="@$(git -C "$root" log -1 --format=%ct)" \
    --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' -cf - "$(basename "$folder")" |
    gzip -9n >"$to"
}

# make MACHINE BUILD-FOLDER TARBALL
make_one() {
  local machine=$1 build=$2 tarball=$3
  mkdir -p "$build"
  build_objects "$machine" gnu "$build/gnu"
  build_objects "$machine" musl "$build/musl"
  build_command "$machine" "$build/command"
  local folder
  folder=$build/$(basename "$tarball" .tar.gz)
  assemble "$machine" "$build" "$folder"
  "$root/tools/release/needs.sh" "$folder"
  pack "$folder" "$tarball"
}

usage() {
  sed -n '11,13s/^# //p' "$0" >&2
  exit 2
}

while [[ ${1-} = -* ]]; do
  case $1 in
    --packages) packages=yes ;;
    --check) check=yes ;;
    --machine) [[ ${2-} =~ ^(x86_64|aarch64)$ ]] || usage; machines+=("$2"); shift ;;
    *) usage ;;
  esac
  shift
done
[ $# -ge 1 ] && [ $# -le 2 ] || usage
version=$1
[ ${#machines[@]} -gt 0 ] || machines=(x86_64 aarch64)
[ "$version" = "$(sed -n "s/^ *version: '\(.*\)',/\1/p" "$root/meson.build" | head -1)" ] ||
  wrong "meson.build has another version than $version"
[ -n "$zig" ] || wrong 'there is no zig; see tools/zig.sh'
if [ $packages = yes ]; then
  . "$root/tools/packages.sh"
  install_packages build
  install_missing ccache musl musl-tools g++-aarch64-linux-gnu qemu-user-static
fi
to=${2:-$work}
mkdir -p "$to"
to=$(cd "$to" && pwd)

tarballs=()
for machine in "${machines[@]}"; do
  name=anysplice-$version-linux-$machine.tar.gz
  echo "Building $name"
  make_one "$machine" "$work/$machine" "$to/$name"
  tarballs+=("$name")
  [ $check = yes ] || continue
  echo "Building it again"
  make_one "$machine" "$work/again-$machine" "$work/again-$machine/$name"
  cmp "$to/$name" "$work/again-$machine/$name" || wrong 'the second build differs'
  echo "$name: built twice, the same bytes"
  "$root/tools/release/check.sh" "$to/$name"
done
image=anysplice-$version-image.tar
(cd "$to" && "$root/tools/release/image.py" "${tarballs[@]}" "$image")
tarballs+=("$image")
(cd "$to" && sha256sum "${tarballs[@]}" >SHA256SUMS && ls -l "${tarballs[@]}" |
  awk '{print "    " $5 " bytes, " $9}')
