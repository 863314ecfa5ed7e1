#!/bin/bash
# Builds for other machines and runs the unit and oracle suites there, by qemu-user where this
# machine cannot; and the hazards with the preload object; where this machine can (i686 on x86-64), the
# fuzzer too. Needs Debian's cross compilers (see --packages). Builds in build-cross/ARCH, and in build
# what runs on this machine.
#
# qemu-user is not quite a kernel, so the oracle compares the engine under it with what this
# machine's kernel did, and says of each difference what qemu's own calls do.
#
# usage: tools/cross.sh [--packages] [--build-only] [--each N] ARCH...
#   ARCH: i686 aarch64 riscv64 s390x ppc64le ppc64le-64k (with pages of 64 KiB; linked statically,
#         as qemu's loader does not leave the room that the dynamic linker takes to be there)
#   --each N: of the oracle's cases only each Nth, for what is slow
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
packages=no
run=yes
each=1
failed=0

# triplet, meson's cpu family, byte order, Debian's names of the packages, and how programs run here:
# nothing if by themselves.
describe() {
  case $1 in
    i686)    triplet=i686-linux-gnu        family=x86     endian=little debian=i686 ;;
    aarch64) triplet=aarch64-linux-gnu     family=aarch64 endian=little debian=aarch64 ;;
    riscv64) triplet=riscv64-linux-gnu     family=riscv64 endian=little debian=riscv64 ;;
    s390x)   triplet=s390x-linux-gnu       family=s390x   endian=big    debian=s390x ;;
    ppc64le*) triplet=powerpc64le-linux-gnu family=ppc64  endian=little debian=powerpc64le ;;
    *) echo "Unknown machine: $1" >&2; return 1 ;;
  esac
  local name=${1%-64k} emulator
  emulator=qemu-${name/i686/i386}
  command -v "$emulator" >/dev/null || emulator+=-static
  runner=("$emulator" -L "/usr/$triplet")
  link_args="'-static-libgcc', '-static-libstdc++'"
  targets=(tests/{unit/unit,oracle/oracle,fuzz/fuzz,hazards/peer,hazards/peer_static}
           shim/libanysplice.so.0.1.0)
  if [ "$1" != "$name" ]; then
    runner=("$emulator" -p 65536)
    link_args="'-static'"
    targets=(tests/{unit/unit,oracle/oracle})
  fi
  needed=("g++-$debian-linux-gnu" qemu-user)
  if [ "$1" = i686 ] && [ "$(uname -m)" = x86_64 ]; then
    runner=()
    needed=(g++-i686-linux-gnu libc6-i386)
  fi
}

# The cross file for meson. The C++ runtime is linked in.
write_cross_file() {
  local wrapper="" word
  for word in "${runner[@]}"; do wrapper+="'$word', "; done
  [ -z "$wrapper" ] || wrapper="exe_wrapper = [$wrapper]"
  cat <<EOF
[binaries]
cpp = ['ccache', '$triplet-g++']
c = '$triplet-gcc'
ar = '$triplet-ar'
strip = '$triplet-strip'
pkgconfig = 'pkg-config'
$wrapper

[properties]
pkg_config_libdir = '/usr/share/pkgconfig'
needs_exe_wrapper = $([ ${#runner[@]} -gt 0 ] && echo true || echo false)

[built-in options]
cpp_link_args = [$link_args]

[host_machine]
system = 'linux'
cpu_family = '$family'
cpu = '$1'
endian = '$endian'
EOF
}

# Runs a program of the machine, for so many minutes at most, and tells how it ended.
try() {
  local minutes=$1 name=$2
  shift 2
  SECONDS=0
  timeout "$((minutes * 60))" "$@" >"$build/$name.log" 2>&1
  local status=$?
  echo "$arch: $name: exit status $status, $SECONDS s: $(grep -v '^=*$' "$build/$name.log" | tail -1)"
  grep -E '^oracle: (differences|[0-9]+ cases)' "$build/$name.log" | sed "s/^/$arch: /"
  return $status
}

# What the oracle's cases come to on this machine's kernel: into the file that ORACLE_EXPECT names.
outcomes() {
  [ -e "$root/build/build.ninja" ] || meson setup "$root/build" "$root" >/dev/null || return 1
  ninja -C "$root/build" tests/oracle/oracle >/dev/null || return 1
  rm -f "$1"
  env -u ORACLE_EXPECT ORACLE_SAVE="$1" "$root/build/tests/oracle/oracle" >"$1.log" ||
    tail -3 "$1.log"
}

# The preloaded library on programs that know nothing of it. The command that refuses the kernel's
# calls is this machine's own.
hazards() {
  local status=0 program how
  if [ ${#runner[@]} -gt 0 ]; then
    for program in "${hazards[@]}"; do
      [[ $program != */secure* ]] || continue  # the loader would have to be set-uid
      how=()
      [[ ! $program =~ /(data_gone|memory_gone|references)$ ]] || how=(rings)
      HAZARD_OTHER_MACHINE=$build/shim/libanysplice.so.0 PYTHONDONTWRITEBYTECODE=1 \
        "$root/tools/with_qemu.sh" "$arch" python3 "$root/tests/hazards/runner.py" \
        "$build/$program" "${how[@]}" || status=1
    done
    return $status
  fi
  [ -e "$root/build/build.ninja" ] || meson setup "$root/build" "$root" >/dev/null || return 1
  ninja -C "$root/build" tools/anysplice || return 1
  for program in "${hazards[@]}"; do
    how=()
    [ "$program" != tests/hazards/secure ] || how=(on-its-own)
    HAZARD_ANYSPLICE=$root/build/tools/anysplice PYTHONDONTWRITEBYTECODE=1 \
      ANYSPLICE_LIBRARY=$build/shim/libanysplice.so.0 \
      python3 "$root/tests/hazards/runner.py" "$build/$program" "${how[@]}" || status=1
  done
  return $status
}

one() {
  arch=$1 build=$root/build-cross/$1
  local cross=$root/build-cross/$1.ini status=0 config hazards=()
  describe "$arch" || return 1
  if [ $packages = yes ]; then
    . "$root/tools/packages.sh"
    install_packages build && install_missing "${needed[@]}" ccache || return 1
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
  if [ ${#targets[@]} -gt 2 ]; then
    ninja -C "$build" build.ninja >/dev/null || return 1  # it may be older than the sources
    mapfile -t hazards < <(ninja -C "$build" -t targets all | grep -oE '^tests/hazards/[a-z_]+:' |
                           tr -d : | grep -vE 'peer|phony')
  fi
  ninja -C "$build" "${targets[@]}" "${hazards[@]}" || return 1
  [ $run = yes ] || return 0
  if [ ${#runner[@]} -gt 0 ]; then
    export ORACLE_EXPECT=$root/build-cross/linux.outcomes
    [ "$ORACLE_EXPECT" -nt "$build/tests/oracle/oracle" ] || outcomes "$ORACLE_EXPECT" || return 1
  else
    unset ORACLE_EXPECT
  fi
  try 10 unit "${runner[@]}" "$build/tests/unit/unit" || status=1
  ORACLE_EACH=$each try 120 oracle "${runner[@]}" "$build/tests/oracle/oracle" || status=1
  if [ ${#runner[@]} -eq 0 ]; then  # qemu-user itself differs in each program of the fuzzer's
    for config in rings plain auto; do
      try 30 "fuzz_$config" "$build/tests/fuzz/fuzz" --config $config --seed 1 --programs 200 ||
        status=1
    done
  fi
  if [ ${#hazards[@]} -gt 0 ]; then
    hazards >"$build/hazards.log" 2>&1 || status=1
    echo "$arch: hazards: $(grep '^ok' "$build/hazards.log" | grep -vc '# SKIP') passed," \
         "$(grep -c '# SKIP' "$build/hazards.log") left out, $(grep -c '^not ok' "$build/hazards.log") failed"
  fi
  [ $status = 0 ] || echo "$arch: what was said is in $build/*.log"
  return $status
}

usage() {
  sed -n '10,13s/^# //p' "$0" >&2
  exit 2
}

machines=()
while [ $# -gt 0 ]; do
  case $1 in
    --packages) packages=yes ;;
    --build-only) run=no ;;
    --each) [[ ${2-} =~ ^[1-9][0-9]*$ ]] || usage; each=$2; shift ;;
    -*) usage ;;
    *) machines+=("$1") ;;
  esac
  shift
done
[ ${#machines[@]} -gt 0 ] || usage
for arch in "${machines[@]}"; do
  if one "$arch"; then echo "$arch: passed"; else echo "$arch: failed"; failed=1; fi
done
exit $failed
