#!/bin/sh
# usage: cargo.sh [OPTION...] [-- CARGO_OPTION...]
# Explores the test programs of a crate, each by itself, so that cargo and rustc are left alone. Those
# for musl, and with crt-static, are static: anysplice carries their calls out.
set -eu
explore=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  explore="$explore $1"
  shift
done
[ $# -eq 0 ] || shift
status=0
for program in $(cargo test --no-run --message-format=json "$@" |
  sed -n 's/.*"test":true.*"executable":"\([^"]*\)".*/\1/p'); do
  # shellcheck disable=SC2086  # options are words
  anysplice explore --status-only $explore -- "$program" -q || status=$?
done
exit $status
