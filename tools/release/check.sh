#!/bin/bash
# Tries a release's tarball here, unpacked in a scratch folder: each program gets the object of its C
# library, with the calls refused; tests/port by the object for musl; traces; the list of sums. For
# another machine only the sums, and that the command starts (by qemu-user).
#
# usage: tools/release/check.sh TARBALL
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
tarball=$(readlink -f "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

tar -xf "$tarball" -C "$scratch" --no-same-owner
cd "$scratch"/anysplice-*
sha256sum --check --quiet SHA256SUMS
machine=${PWD##*-}
if [ "$machine" != "$(uname -m)" ]; then
  "qemu-$machine-static" bin/anysplice --version
  exit
fi
bin/anysplice --version
export E2E_ANYSPLICE=$PWD/bin/anysplice E2E_LIBRARY=$PWD/lib/libanysplice.so E2E_PROGRAMS=$scratch
export E2E_MUSL_LIBRARY=$PWD/lib/libanysplice-musl.so PYTHONDONTWRITEBYTECODE=1
mkdir -p "$scratch/a/b"
export PYTHONPATH=$root/tests/e2e
python3 "$root/tests/e2e/one_folder_test.py"
python3 "$root/tests/port/musl_test.py" "$E2E_MUSL_LIBRARY"
RELEASE_TARBALL=$tarball E2E_PROGRAMS=$scratch/a/b python3 "$root/tests/e2e/image_test.py"
for compiler in cc musl-gcc; do
  "$compiler" -O1 -o "$scratch/cat" "$root/tests/port/cat.c"
  bin/anysplice trace -o "$scratch/trace" --block -- "$scratch/cat" /etc/passwd >/dev/null
  grep -q '^sendfile(.*) = ' "$scratch/trace" || { echo "WRONG: no trace ($compiler)" >&2; exit 1; }
done
echo "$(basename "$tarball"): works here"
