#!/bin/bash
# A test of qemu-nbd: copies the file `in` to `out` through it. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need qemu-nbd qemu-utils
need nbdcopy libnbd-bin
rm -f socket
qemu-nbd -r -f raw -k "$PWD/socket" in &
for _ in {1..200}; do [ -S socket ] && break; sleep 0.02; done
env -u LD_PRELOAD nbdcopy "nbd+unix://?socket=$PWD/socket" out
status=$?
kill $! 2>/dev/null
wait
exit $status
