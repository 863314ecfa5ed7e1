#!/bin/bash
# A test of nbdkit's file plugin: copies the file `in` to `out` through it. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need nbdkit nbdkit
need nbdcopy libnbd-bin
rm -f socket
nbdkit -f -r -U "$PWD/socket" file in &
for _ in {1..200}; do [ -S socket ] && break; sleep 0.02; done
env -u LD_PRELOAD nbdcopy "nbd+unix://?socket=$PWD/socket" out
status=$?
kill $! && wait
exit $status
