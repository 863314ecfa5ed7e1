#!/bin/bash
# A test of lighttpd: fetches the file `in` as `out`. Run it in a scratch folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need lighttpd lighttpd
need curl curl
cat >lighttpd.conf <<END
server.document-root = "$PWD"
server.bind = "127.0.0.1"
server.port = 8111
server.network-backend = "sendfile"
END
lighttpd -D -f lighttpd.conf 2>/dev/null &
fetch http://127.0.0.1:8111/in
status=$?
kill $! && wait
exit $status
