#!/bin/bash
# Prints which lines of core/ the tests run: for each file the share, then the lines that none ran.
# Builds in build-coverage/, with clang: its counters are in shared memory, so processes that end by
# _exit or are killed are counted too. Installs what is missing (Debian 12, as root).
#
#   tools/coverage.sh [SUITE...]     # of unit, oracle, fuzz, faults, schedules, hazards and command;
#                                    # all without one
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/packages.sh"
install_packages all && install_missing clang-14 llvm-14 libclang-rt-14-dev || exit 1
[ $# -gt 0 ] || set -- unit oracle fuzz faults schedules hazards command

build=$root/build-coverage
profiles=$build/profiles
if [ ! -e "$build/build.ninja" ]; then
  # Compiled in, not by LLVM_PROFILE_FILE: a preloaded library starts before there is an environment.
  instrument=-fprofile-instr-generate=$profiles/%c%m.profraw
  CXX=clang++-14 meson setup "$build" "$root" -Doptimization=1 -Dwerror=false \
    -Dcpp_args="$instrument -fcoverage-mapping -mllvm -runtime-counter-relocation" \
    -Dcpp_link_args=$instrument >/dev/null || exit 1
fi

rm -rf "$profiles"
objects=()
# What fails here passes in tools/test.sh: it is said, and counted all the same.
for suite in "$@"; do
  object=$build/tests/$suite/$suite
  tests=("$suite")
  case $suite in
    unit | oracle | faults | schedules) ;;
    fuzz) tests=(--suite fuzz) ;;
    hazards)
      object=$build/shim/libanysplice.so
      tests=(--suite hazards)
      ;;
    # What the command's options make the library do: counters, trace, injection.
    command)
      object=$build/shim/libanysplice.so
      tests=(e2e_as e2e_explore e2e_inject e2e_stats e2e_top e2e_trace e2e_trace_file)
      ;;
    *)
      sed -n 's/^#   //p' "$0" >&2
      exit 2
      ;;
  esac
  meson test -C "$build" --quiet --timeout-multiplier 4 "${tests[@]}"
  objects+=("$object")
done

llvm-profdata-14 merge "$profiles"/*.profraw -o "$profiles/all" || exit 1
llvm-cov-14 export --format=lcov --instr-profile="$profiles/all" "${objects[@]/#/--object=}" |
  python3 "$root/tools/uncovered.py" "$root"
