#!/bin/bash
# A test of squid, as root: fetches the file `in` as `out` through it. Run it in a scratch folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need squid squid
need python3 python3
need curl curl
chmod 777 .
cat >squid.conf <<END
http_port 127.0.0.1:8114
http_access allow all
cache_effective_user nobody
pid_filename none
coredump_dir $PWD
cache_log $PWD/squid.log
access_log none
shutdown_lifetime 0 seconds
END
env -u LD_PRELOAD python3 -m http.server -b 127.0.0.1 8115 >/dev/null 2>&1 &
server=$!
squid -N -f "$PWD/squid.conf" 2>/dev/null &
relay=$!
fetch http://127.0.0.1:8115/squid.conf && fetch http://127.0.0.1:8114/ >/dev/null
http_proxy=http://127.0.0.1:8114 fetch http://127.0.0.1:8115/in
status=$?
kill $relay $server
wait
exit $status
