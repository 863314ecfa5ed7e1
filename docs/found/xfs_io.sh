#!/bin/bash
# A test of xfs_io's command sendfile: the file `in` becomes `out`. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need xfs_io xfsprogs
exec xfs_io -f -t -c "sendfile -q -i in 0 $(stat -c %s in)" out
