#!/bin/bash
# Measures nginx, HAProxy, fio and pv with the kernel's calls, with the calls refused under anysplice,
# and with the calls refused and no help, by turns (tools/bench/programs.py). Installs what is missing
# and builds first. Let nothing else run meanwhile; the whole takes a quarter of an hour.
#
#   tools/bench_programs.sh [--rounds=N] [--seconds=S] [--only=TEXT,...] [--json] [--svg=FILE]
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/packages.sh"
install_packages demo && install_missing nginx-light pv wrk || exit 1

build=$root/build
[ -e "$build/build.ninja" ] || meson setup "$build" "$root" >/dev/null || exit 1
ninja -C "$build" tools/anysplice shim/libanysplice.so.0.1.0 >/dev/null || exit 1

nice -n -10 "$root/tools/bench/programs.py" "$build" "$@"
