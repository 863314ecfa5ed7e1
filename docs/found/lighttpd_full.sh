#!/bin/bash
# Shows, as root and without anysplice, what lighttpd does as a proxy when the file system of
# `server.upload-dirs` is full: fetches the file `in` as `out`, which takes $SIZE bytes there. Run it in a
# scratch folder.
[ "$1" ] || exec unshare -m "$0" here
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need lighttpd lighttpd
need python3 python3
need curl curl
mkdir -p uploads && mount -t tmpfs -o size="${SIZE:-131072}" none uploads || exit
cat >lighttpd.conf <<END
server.modules = ("mod_proxy")
server.document-root = "$PWD"
server.upload-dirs = ("$PWD/uploads")
server.bind = "127.0.0.1"
server.port = 8129
proxy.server = ("" => (("host" => "127.0.0.1", "port" => 8130)))
END
python3 -m http.server -b 127.0.0.1 8130 >/dev/null 2>&1 &
server=$!
lighttpd -D -f lighttpd.conf &
proxy=$!
fetch http://127.0.0.1:8130/lighttpd.conf && fetch http://127.0.0.1:8129/in
status=$?
kill $server $proxy
sleep 5
kill -KILL $proxy 2>/dev/null && echo "lighttpd still runs 5 s after SIGTERM"
wait 2>/dev/null
exit $status
