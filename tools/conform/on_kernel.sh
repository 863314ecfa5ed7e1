#!/bin/bash
# Runs splice-conform on another kernel: Debian's, in qemu, or user-mode Linux. It has the machine for
# itself, as root, with files on ext4, a loopback interface, /proc, /sys, /dev and terminals.
# Prints what it prints, in the end; its exit status is the same. Files that it writes by name alone
# (--record=FILE, --junit=FILE) are then in this folder; files of this folder that it is to read
# (--expect=FILE, --baseline=FILE) are named by --take=FILE, too.
#
# usage: tools/conform/on_kernel.sh [--deb=FILE | --uml] [--kvm] [--take=FILE]... PROGRAM [OPTION]...
#   --deb=FILE   a package linux-image-*; without it the one of this Debian is downloaded
#   --uml        Debian's user-mode-linux instead; it does not start on processors that it does not
#                know
#   --kvm        qemu uses /dev/kvm, which is faster where it works
# PROGRAM is splice-conform, the static one. Needs Debian's busybox-static and e2fsprogs, and
# qemu-system-x86, kmod and cpio, or user-mode-linux.
# $ON_KERNEL_SECONDS is when to give up (default 3600).
set -euo pipefail

usage() {
  sed -n '/^# usage/,/^set/s/^# //p' "$0" >&2
  exit 2
}

need() {  # need COMMAND PACKAGE
  PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null && return
  echo "on_kernel.sh: there is no $1; it is in Debian's package $2" >&2
  exit 1
}

# The module and what it needs, in that order, as files below modules/ of the initramfs.
take_module() {
  local file
  modprobe -d "$work/kernel" -S "$release" --show-depends "$1" |
    while read -r action file _; do
      [ "$action" = insmod ] || continue
      cp -n "$file" "$work/initramfs/modules"
      echo "modules/${file##*/}"
    done
}

make_initramfs() {
  mkdir -p "$work"/initramfs/{bin,dev,disk,modules}
  cp "$busybox" "$work/initramfs/bin/busybox"
  depmod -b "$work/kernel" "$release"
  {
    echo '#!/bin/busybox sh'
    for module in virtio_pci virtio_blk ext4; do take_module $module; done |
      awk '!seen[$0]++ {print "busybox insmod " $0}'
    cat <<'END'
busybox mount -t devtmpfs none /dev
busybox mount -t ext4 /dev/vda /disk
exec busybox switch_root /disk /init
END
  } >"$work/initramfs/init"
  chmod +x "$work/initramfs/init"
  (cd "$work/initramfs" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initramfs.gz"
}

# The folders of the guest; its first program runs splice-conform and leaves what came of it in /out.
make_disk() {
  mkdir -p "$work"/disk/{bin,dev,out,proc,sys,tmp}
  cp "$busybox" "$work/disk/bin/busybox"
  cp "$program" "$work/disk/bin/splice-conform"
  [ ${#taken[@]} -eq 0 ] || cp "${taken[@]}" "$work/disk/out"
  printf '%s\0' "$@" >"$work/disk/options"
  cat >"$work/disk/init" <<'END'
#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc none /proc
busybox mount -t sysfs none /sys
busybox mount -t devtmpfs none /dev
busybox mkdir -p /dev/pts /dev/shm
busybox mount -t devpts none /dev/pts
busybox mount -t tmpfs none /dev/shm
busybox ifconfig lo 127.0.0.1 up
cd /out
busybox xargs -0 sh -c 'splice-conform "$@"; echo $? >status' run </options >stdout 2>stderr
busybox mount -o remount,ro /
busybox poweroff -f
END
  chmod +x "$work/disk/init"
  mke2fs -q -t ext4 -d "$work/disk" "$work/disk.ext4" 512m >"$work/mke2fs" 2>&1
}

run_qemu() {
  timeout "$seconds" qemu-system-x86_64 -accel $accel -smp 2 -m 2048 -nic none \
    -display none -serial stdio -no-reboot -kernel "$work"/kernel/boot/vmlinuz-* \
    -initrd "$work/initramfs.gz" -append 'console=ttyS0 panic=-1' \
    -drive "file=$work/disk.ext4,if=virtio,format=raw" </dev/null
}

run_uml() {
  timeout "$seconds" linux.uml mem=2048M "ubd0=$work/disk.ext4" root=/dev/ubda rw init=/init \
    con=null con0=null,fd:1 </dev/null
}

deb='' machine=qemu accel=tcg taken=()
while [ $# -gt 0 ]; do
  case $1 in
    --deb=*) deb=$(realpath "${1#*=}") ;;
    --uml) machine=uml ;;
    --kvm) accel=kvm ;;
    --take=*) taken+=("${1#*=}") ;;
    -*) usage ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || usage
program=$1
shift
seconds=${ON_KERNEL_SECONDS:-3600}
PATH=$PATH:/usr/sbin:/sbin

need mke2fs e2fsprogs
need busybox busybox-static
busybox=$(command -v busybox)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make_disk "$@"
if [ $machine = qemu ]; then
  need qemu-system-x86_64 qemu-system-x86
  need modprobe kmod
  need cpio cpio
  if [ -z "$deb" ]; then
    name=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
    (cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$name" >&2)
    deb=$(echo "$work"/*.deb)
  fi
  dpkg-deb -x "$deb" "$work/kernel"
  [ -e "$work/kernel/lib" ] || ln -s usr/lib "$work/kernel/lib"  # since Debian 13
  release=$(ls "$work/kernel/lib/modules")
  make_initramfs
else
  need linux.uml user-mode-linux
fi
run_$machine >"$work/console" 2>&1 || true
mkdir "$work/came"
debugfs -R "rdump /out $work/came" "$work/disk.ext4" 2>"$work/debugfs" || true
if ! status=$(cat "$work/came/out/status" 2>/dev/null); then
  tail -40 "$work/console" >&2
  echo "on_kernel.sh: the guest ended before splice-conform did, or took $seconds s" >&2
  exit 1
fi
cd "$work/came/out"
cat stdout
cat stderr >&2
rm -f stdout stderr status
for file in *; do
  [ ! -e "$file" ] || mv "$file" "$OLDPWD"
done
exit "$status"
