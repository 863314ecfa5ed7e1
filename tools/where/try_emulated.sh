#!/bin/sh
# Run by tools/where.sh in a system of another machine, by qemu-user, in which the kernel's calls cannot be
# refused: the mode absent has to do to show that the library answers, and that programs need it.
#
# usage: try_emulated.sh LIBRARY PROGRAM: PROGRAM is tests/port/cat.c, built for the system
# Prints what works, in the words of the table; ends with an error if something does not.
set -eu
library=$1
cat=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# in_mode MODE COMMAND...
in_mode() {
  mode=$1
  shift
  env LD_PRELOAD="$library" ANYSPLICE_MODE="$mode" "$@"
}

head -c 300000 /dev/urandom >in
! in_mode absent "$cat" in >out 2>log
in_mode emulate "$cat" in >out
cmp in out
cat in | in_mode emulate "$cat" -t title -c copy >out  # vmsplice, tee, splice
cmp in copy
[ "$(head -n 1 out)" = title ]
said='the four calls'
if command -v python3 >/dev/null; then
  cat >splice.py <<'END'
import os
source, target = os.open('in', os.O_RDONLY), os.open('copy', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
read, write = os.pipe()
while (count := os.splice(source, write, 65536)) > 0:
    while count > 0:
        count -= os.splice(read, target, count)
END
  rm copy
  ! in_mode absent python3 splice.py 2>log
  in_mode emulate python3 splice.py
  cmp in copy
  said="$said, python3"
fi
if command -v fio >/dev/null; then
  fio='fio --name=x --ioengine=splice --rw=write --verify=crc32c --bs=64k --size=4m --thread'
  ! in_mode absent $fio >log 2>&1
  in_mode emulate $fio >log 2>&1
  said="$said, fio"
fi
echo "$said"
