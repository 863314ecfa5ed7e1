#!/bin/bash
# Checks what the files of an unpacked release need of a system: the objects for glibc no symbol that is
# newer than glibc 2.17, those for musl no version and nothing but musl, the commands nothing. And that
# the preload object asks for libc alone, and its constructor runs first.
#
# usage: tools/release/needs.sh FOLDER
set -euo pipefail

newest=2.17
failed=0

wrong() {
  echo "WRONG: $*" >&2
  failed=1
}

needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }

versions() { readelf -VW "$1" | grep -oE 'Name: GLIBC_[0-9.]+' | sed 's/.*_//' | sort -uV; }

cd "$1"
for object in lib/libanysplice.so lib/libanysplice-api.so lib/anysplice/libanysplice-log.so; do
  newer=$(versions "$object" | sort -V | awk -v newest=$newest '
    { split($1, a, "."); split(newest, b, ".") }
    a[1] > b[1] || (a[1] == b[1] && a[2] + 0 > b[2] + 0)')
  [ -z "$newer" ] || wrong "$object needs glibc" $newer
  [ -n "$(versions "$object")" ] || wrong "$object needs no version of glibc: is it one for it?"
  for library in $(needed "$object"); do
    [[ $object != lib/libanysplice.so || $library = libc.so.6 ]] || wrong "$object needs $library"
    [[ $library =~ ^(libc\.so\.6|libdl\.so\.2|libpthread\.so\.0|libm\.so\.6|ld-linux.*)$ ]] ||
      wrong "$object needs $library"
  done
done
for object in lib/libanysplice-musl.so lib/anysplice/libanysplice-log-musl.so; do
  [ "$(needed "$object")" = libc.so ] || wrong "$object needs $(needed "$object")"
  [ -z "$(versions "$object")" ] || wrong "$object needs versions of glibc"
done
readelf -d lib/libanysplice.so | grep -q INITFIRST || wrong 'the constructor does not run first'
for program in bin/*; do
  readelf -lW "$program" | grep -q INTERP && wrong "$program is not static"
done
exit $failed
