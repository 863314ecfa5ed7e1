#!/bin/bash
# Runs the fuzzer for long, in two processes at most. Builds first; needs what tools/test.sh installs.
#
#   tools/fuzz.sh --minutes N [--seed S] [--config rings|plain|auto|old|partial|all] [--steps K] [--jobs 1|2]
#
# Each process has its own seeds, told at the end. A program that goes wrong is printed, shortened:
# it belongs into tests/fuzz/regressions with a line that says what was wrong.
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
minutes='' seed=$((RANDOM * 32768 + RANDOM)) config=all steps=250 jobs=2
while [ $# -gt 0 ]; do
  if [ $# -lt 2 ]; then
    echo "fuzz.sh: $1 needs a value" >&2
    exit 2
  fi
  case $1 in
    --minutes) minutes=$2 ;;
    --seed) seed=$2 ;;
    --config) config=$2 ;;
    --steps) steps=$2 ;;
    --jobs) jobs=$2 ;;
    *)
      echo "fuzz.sh: no option: $1" >&2
      exit 2
      ;;
  esac
  shift 2
done
if [ -z "$minutes" ] || [[ $jobs != [12] ]]; then
  sed -n 's/^#   //p' "$0" >&2
  exit 2
fi

build=$root/build
[ -e "$build/build.ninja" ] || meson setup "$build" "$root" >/dev/null || exit 1
ninja -C "$build" tests/fuzz/fuzz || exit 1

pids=()
for ((job = 0; job < jobs; ++job)); do
  "$build/tests/fuzz/fuzz" --seed $((seed + job * 1000000000)) --minutes "$minutes" \
    --config "$config" --steps "$steps" &
  pids+=($!)
done
trap 'kill "${pids[@]}" 2>/dev/null' INT TERM
status=0
for pid in "${pids[@]}"; do wait "$pid" || status=1; done
exit $status
