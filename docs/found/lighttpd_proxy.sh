#!/bin/bash
# A test of lighttpd as a proxy: fetches the file `in` as `out` through it. Run it in a scratch folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need lighttpd lighttpd
need python3 python3
need curl curl
cat >lighttpd.conf <<END
server.modules = ("mod_proxy")
server.document-root = "$PWD"
server.upload-dirs = ("$PWD")
server.bind = "127.0.0.1"
server.port = 8127
proxy.server = ("" => (("host" => "127.0.0.1", "port" => 8128)))
END
env -u LD_PRELOAD python3 -m http.server -b 127.0.0.1 8128 >/dev/null 2>&1 &
server=$!
lighttpd -D -f lighttpd.conf 2>/dev/null &
proxy=$!
fetch http://127.0.0.1:8128/lighttpd.conf && fetch http://127.0.0.1:8127/in
status=$?
kill $server $proxy
wait
exit $status
