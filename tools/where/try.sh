#!/bin/sh
# Run by tools/where.sh in each system, as an ordinary user where there is one: the tarball alone.
#
# usage: try.sh FOLDER-OF-THE-TARBALL PROGRAM: PROGRAM is tests/port/cat.c, built for the system
# Prints what works, in the words of the table; ends with an error if something does not.
set -eu
anysplice=$1/bin/anysplice
cat=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

head -c 300000 /dev/urandom >in
! "$anysplice" run --block --no-preload -- "$cat" in >out 2>log
"$anysplice" run --block --stats=stats -- "$cat" in >out
cmp in out
grep -qx 'sendfile.engine_bytes 300000' stats
grep -qx 'sendfile.native_bytes 0' stats
cat in | "$anysplice" run --block -- "$cat" -t title -c copy >out  # vmsplice, tee, splice
cmp in copy
[ "$(head -n 1 out)" = title ]
said='the four calls'
"$anysplice" trace --block -o trace -- "$cat" in >out
grep -q '^sendfile(' trace
said="$said, traces"
if command -v python3 >/dev/null || command -v pv >/dev/null || command -v fio >/dev/null; then
  "$anysplice" demo >demo || { cat demo >&2; exit 1; }
  programs=$(sed -n 's/^\(fio\|pv\|python3\|HAProxy\):.*/\1/p' demo | sort -u | paste -sd ' ')
  said="$said, demo ($programs)"
fi
echo "$said"
