#!/bin/bash
# A test of the httpd of busybox (the dynamic one, in $BUSYBOX): fetches the file `in` as `out`. Run it in
# a scratch folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need "${BUSYBOX:-busybox}" busybox
need curl curl
"${BUSYBOX:-busybox}" httpd -f -p 127.0.0.1:8122 -h "$PWD" &
fetch http://127.0.0.1:8122/in
status=$?
kill $! && wait
exit $status
