#!/bin/bash
# A test of cp of busybox (the dynamic one, in $BUSYBOX): copies the file `in` to `out`. Run it in a scratch
# folder.
. "$(dirname "$0")/need.sh"
need "${BUSYBOX:-busybox}" busybox
exec "${BUSYBOX:-busybox}" cp in out
