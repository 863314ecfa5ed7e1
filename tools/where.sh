#!/bin/bash
# Where a release's tarball runs: unpacks it into each of these systems, and runs programs there as an
# ordinary user with the kernel's calls refused. Prints a table in Markdown, whose every row was run.
# Needs root, for chroots; and debootstrap, zig (tools/zig.sh), musl-tools, podman, runc, runsc, systemd,
# qemu-user-static for its rows: what is missing is told, and has no row.
#
# usage: [ZIG=PROGRAM] tools/where.sh TARBALL... [-- SYSTEM...]
#   TARBALL: that of x86_64; rows of arm64 if that of aarch64 is named too
#   SYSTEM: bullseye bookworm trixie sid here musl podman runsc systemd arm64; without, all
#   KEEP=FOLDER in the environment: where chroots are kept between runs
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/zig.sh"
programs=fio,pv,python3,haproxy,curl
as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
scratch=$(mktemp -d)
keep=${KEEP:-$scratch/roots}
finish() {
  rm -rf --one-file-system "$scratch"
}
trap finish EXIT
failed=0

row() { printf '| %s | %s |\n' "$1" "$2"; }

# tell NAME STATUS OUTPUT: a row, or why there is none.
tell() {
  if [ "$2" = 0 ]; then
    row "$1" "$(tail -n 1 "$3")"
  else
    failed=1
    row "$1" "**fails**: $(tail -n 1 "$3" | tr '|' '/')"
    sed 's/^/    /' "$3" >&2
  fi
}

skip() { echo "$1: not run: $2" >&2; }

# A chroot of a Debian with the programs of the demo. What was refused to be made is no row.
debian() {
  local name=$1 system=$keep/$1 title status
  if [ ! -e "$system/complete" ]; then
    mkdir -p "$keep"
    debootstrap --variant=minbase --include="$programs" "$name" "$system" >"$scratch/debootstrap" 2>&1 ||
      { skip "$name" "debootstrap: $(tail -n 1 "$scratch/debootstrap")"; return; }
    touch "$system/complete"
  fi
  rm -rf "$system/opt/anysplice"
  mkdir -p "$system/opt/anysplice"
  cp -r "$unpacked/." "$system/opt/anysplice"
  cp "$scratch/try.sh" "$scratch/cat" "$system/opt/anysplice"
  # /proc and /dev of its own, which go with the last of its processes.
  unshare --mount --pid --fork bash -c '
    mount --make-rprivate / 2>/dev/null
    mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" &&
      chroot --userspec=65534:65534 "$1" sh /opt/anysplice/try.sh /opt/anysplice /opt/anysplice/cat
    status=$?
    umount "$1/proc" "$1/dev"
    exit $status' - "$system" >"$scratch/said" 2>&1
  status=$?
  title=$(. "$system/etc/os-release" && echo "$PRETTY_NAME")
  tell "$title, glibc $(chroot "$system" getconf GNU_LIBC_VERSION | cut -d' ' -f2), x86-64" $status \
    "$scratch/said"
  rm -rf "$system/opt/anysplice"
}

here() {
  $as_user sh "$scratch/try.sh" "$unpacked" "$scratch/cat" >"$scratch/said" 2>&1
  tell "this machine: $(. /etc/os-release && echo "$PRETTY_NAME"), Linux $(uname -r | cut -d. -f1-2)" $? \
    "$scratch/said"
}

musl() {
  command -v musl-gcc >/dev/null || { skip musl 'no musl-gcc'; return; }
  musl-gcc -O1 -o "$scratch/cat_musl" "$root/tests/port/cat.c" || return
  PATH=/nowhere:/bin $as_user sh "$scratch/try.sh" "$unpacked" "$scratch/cat_musl" \
    >"$scratch/said" 2>&1
  tell "musl $(dpkg-query -W -f '${Version}' musl 2>/dev/null), x86-64" $? "$scratch/said"
}

podman_() {
  local version
  command -v podman >/dev/null || { skip podman 'there is none'; return; }
  RELEASE_TARBALL=$tarball E2E_ANYSPLICE=$unpacked/bin/anysplice E2E_PROGRAMS=$scratch/a/b \
    E2E_LIBRARY=$unpacked/lib/libanysplice.so PYTHONDONTWRITEBYTECODE=1 \
    python3 "$root/tests/e2e/image_test.py" >"$scratch/said" 2>&1
  local status=$?
  ! grep -q 'other images take it # SKIP' "$scratch/said" ||
    { skip podman "$(grep SKIP "$scratch/said" | tail -n 1)"; return; }
  version=$(podman --version | sed 's/.* //')
  [ $status != 0 ] || echo 'vmsplice, which the profile refuses; glibc and musl' >>"$scratch/said"
  tell "podman $version with runc, default profile, from the OCI image" $status "$scratch/said"
}

runsc_() {
  local sandbox status
  command -v runsc >/dev/null || { skip runsc 'there is none'; return; }
  sandbox=$(cd "$root/tests/e2e" && PYTHONDONTWRITEBYTECODE=1 python3 -c '
import gvisor
print(" ".join(gvisor.find_sandbox()[0] or ()))')
  [ -n "$sandbox" ] || { skip runsc 'it does not start here'; return; }
  # shellcheck disable=SC2086 (words)
  $sandbox $as_user sh "$scratch/try.sh" "$unpacked" "$scratch/cat" >"$scratch/said" 2>&1
  status=$?
  tell "gVisor ($(runsc --version | sed -n 's/runsc version //p')), this machine's files" $status \
    "$scratch/said"
}

systemd_() {
  local status
  command -v podman >/dev/null || { skip systemd 'there is no podman to start it in'; return; }
  E2E_PROGRAMS=$scratch/a/b PYTHONDONTWRITEBYTECODE=1 \
    "$root/tools/where/service.py" "$unpacked" "$scratch/cat" >"$scratch/said" 2>&1
  status=$?
  [ $status != 77 ] || { skip systemd "$(tail -n 1 "$scratch/said")"; return; }
  tell "systemd $(systemctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p'), a service with \
\`SystemCallFilter=~splice vmsplice tee\`" $status "$scratch/said"
}

# By qemu-user, in which seccomp filters have no effect (try_emulated.sh). The chroot's packages are
# unpacked and not configured: that would take users that a user namespace of root does not have.
arm64() {
  local system=$keep/arm64 status title package
  [ -n "$arm_tarball" ] || return
  [ -e /usr/lib/binfmt.d/qemu-aarch64.conf ] || { skip arm64 'no qemu-user-static'; return; }
  if [ ! -e "$system/complete" ]; then
    mkdir -p "$keep"
    debootstrap --foreign --arch=arm64 --variant=minbase --include=fio,python3 bookworm "$system" \
      >"$scratch/debootstrap" 2>&1 ||
      { skip arm64 "debootstrap: $(tail -n 1 "$scratch/debootstrap")"; return; }
    for package in "$system"/var/cache/apt/archives/*.deb; do
      dpkg-deb -x "$package" "$system" || return
    done
    touch "$system/complete"
  fi
  rm -rf "$system/opt/anysplice"
  mkdir -p "$system/opt/anysplice"
  tar -xf "$arm_tarball" -C "$system/opt/anysplice" --strip-components=1 --no-same-owner
  cp "$root/tools/where/try_emulated.sh" "$system/opt/anysplice"
  "$zig" cc -target aarch64-linux-gnu.2.17 -O1 -o "$system/opt/anysplice/cat" \
    "$root/tests/port/cat.c" || return
  QEMU_LD_PREFIX=/ "$root/tools/with_qemu.sh" aarch64 bash -c '
    mount --rbind /dev "$1/dev" && mount --rbind /proc "$1/proc" &&
      chroot "$1" /opt/anysplice/bin/anysplice --version &&
      exec chroot "$1" sh /opt/anysplice/try_emulated.sh /opt/anysplice/lib/libanysplice.so \
        /opt/anysplice/cat' - "$system" >"$scratch/said" 2>&1
  status=$?
  [ $status != 0 ] || echo "$(tail -n 1 "$scratch/said"); in mode emulate" >>"$scratch/said"
  title=$(. "$system/etc/os-release" && echo "$PRETTY_NAME")
  tell "$title, aarch64, $(qemu-aarch64-static --version |
    sed -n 's/^qemu-aarch64 version \([0-9.]*\).*/qemu-user \1/p')" $status "$scratch/said"
  rm -rf "$system/opt/anysplice"
}

tarball='' arm_tarball=''
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    *-x86_64.tar.gz) tarball=$(readlink -f "$1") ;;
    *-aarch64.tar.gz) arm_tarball=$(readlink -f "$1") ;;
    *) tarball=''; break ;;
  esac
  shift
done
[ -n "$tarball" ] && [ -e "$tarball" ] || { sed -n '8,11s/^# //p' "$0" >&2; exit 2; }
[ -n "$zig" ] || { echo "There is no zig; see tools/zig.sh" >&2; exit 1; }
[ $# -gt 0 ] || set -- bullseye bookworm trixie sid here musl podman runsc systemd arm64
unpacked=$scratch/tarball
mkdir -p "$unpacked" "$scratch/a/b"
cp "$root/tools/where/try.sh" "$scratch"
chmod 755 "$scratch"
tar -xf "$tarball" -C "$unpacked" --strip-components=1 --no-same-owner
"$zig" cc -target x86_64-linux-gnu.2.17 -O1 -o "$scratch/cat" "$root/tests/port/cat.c" || exit 1

row system 'what works there'
row --- ---
for system in "$@"; do
  case $system in
    here | musl | arm64) "$system" ;;
    podman | runsc | systemd) "${system}_" ;;
    *) debian "$system" ;;
  esac
done
exit $failed
