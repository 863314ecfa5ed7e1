#!/bin/bash
# Runs all tests. Installs what is missing (Debian 12 or 13, as root), builds in build/, and ends
# with a line that counts them. Arguments go to `meson test`: tools/test.sh --suite e2e
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/packages.sh"
install_packages all || exit 1

build=$root/build
[ -e "$build/build.ninja" ] || meson setup "$build" "$root" >/dev/null || exit 1
ninja -C "$build" || exit 1

meson test -C "$build" --no-rebuild --print-errorlogs "$@"
status=$?
python3 "$root/tools/count_tests.py" "$build/meson-logs/testlog.junit.xml"
exit $status
