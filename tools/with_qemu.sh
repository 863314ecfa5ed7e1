#!/bin/bash
# Runs a command in namespaces of its own, in which the kernel starts programs of other machines by
# qemu-user, those that they execute as well; nothing is registered outside. Needs Linux 6.7, in which
# binfmt_misc belongs to a user namespace, and Debian's qemu-user-static. The user is root there, and
# no other user exists.
#
# usage: tools/with_qemu.sh MACHINE COMMAND...: MACHINE as in qemu-MACHINE-static; its libraries are
#   looked for in QEMU_LD_PREFIX, without that in /usr/MACHINE-linux-gnu
set -euo pipefail

[ $# -ge 2 ] || { sed -n '7,8s/^# //p' "$0" >&2; exit 2; }
machine=$1
format=/usr/lib/binfmt.d/qemu-$machine.conf
[ -e "$format" ] || { echo "There is no $format: it comes with qemu-user-static" >&2; exit 1; }
shift
export QEMU_LD_PREFIX=${QEMU_LD_PREFIX:-/usr/$machine-linux-gnu}
exec unshare --map-root-user --mount bash -euc '
  mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
  cat "$1" >/proc/sys/fs/binfmt_misc/register
  shift
  exec "$@"' - "$format" "$@"
