#!/bin/bash
# A test of civetweb: fetches the file `in` as `out`. Run it in a scratch folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need civetweb civetweb
need curl curl
civetweb -document_root "$PWD" -listening_ports 127.0.0.1:8120 >civetweb.log 2>&1 &
fetch http://127.0.0.1:8120/in
status=$?
kill $! && wait
exit $status
