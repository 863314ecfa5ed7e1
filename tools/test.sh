#!/bin/bash
# Runs all tests. Installs what is missing (Debian 12 or 13, as root), builds in build/, and ends
# with a line that counts them. Arguments go to `meson test`: tools/test.sh --suite e2e
#
# tools/test.sh --quick: the unit tests and a few hazards, in a minute or two once all is built.
# Installs nothing and needs no root; says which packages are missing, and why a test was skipped.
set -uo pipefail

case ${1:-} in
  -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" | sed '/^set /d'; exit ;;
esac

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/packages.sh"
build=$root/build

# Says what was skipped and why, counts the tests, and exits; $1 is meson's status.
finish() {
  python3 "$root/tools/count_tests.py" "$build/meson-logs/testlog.junit.xml" && exit "$1"
  exit 1
}

if [ "${1:-}" = --quick ]; then
  missing=()
  for name in "${build_packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
      command -v "$name" >/dev/null || missing+=("$name")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "Missing. As root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  if [ -e "$build" ] && [ ! -w "$build" ]; then
    echo "$build belongs to another user ($(stat -c %U "$build")); remove it, or become that user" >&2
    exit 1
  fi
  [ -e "$build/build.ninja" ] || meson setup "$build" "$root" >/dev/null || exit 1
  meson configure "$build" -Dtests=true || exit 1
  hazards=(closing files fork pipes signals sockets)
  ninja -C "$build" tests/unit/unit tools/anysplice shim/libanysplice-log.so \
    tests/hazards/{peer,peer_static} "${hazards[@]/#/tests/hazards/}" || exit 1
  rm -f "$build/meson-logs/testlog.junit.xml"
  meson test -C "$build" --no-rebuild --print-errorlogs \
    unit unit_old_pipes platforms format changelog "${hazards[@]/#/hazard_}"
  finish $?
fi

install_packages all || exit 1
[ -e "$build/build.ninja" ] || meson setup "$build" "$root" >/dev/null || exit 1
meson configure "$build" -Dtests=true || exit 1  # somebody may have built without
ninja -C "$build" || exit 1

rm -f "$build/meson-logs/testlog.junit.xml"
# Limits of time are for a machine that does nothing else.
meson test -C "$build" --no-rebuild --print-errorlogs --timeout-multiplier 3 "$@"
finish $?
