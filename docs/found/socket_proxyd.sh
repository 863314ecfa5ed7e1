#!/bin/bash
# A test of systemd-socket-proxyd: fetches the file `in` as `out` through it. Run it in a scratch folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need python3 python3
need /lib/systemd/systemd-socket-proxyd systemd
need curl curl
env -u LD_PRELOAD python3 -m http.server -b 127.0.0.1 8124 >/dev/null 2>&1 &
server=$!
cat >listen.py <<'END'
import os, socket
s = socket.create_server(('127.0.0.1', 8125))
os.dup2(s.detach(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
os.execv('/lib/systemd/systemd-socket-proxyd', ['systemd-socket-proxyd', '127.0.0.1:8124'])
END
python3 listen.py 2>proxy.log &
relay=$!
fetch http://127.0.0.1:8124/listen.py
fetch http://127.0.0.1:8125/in
status=$?
kill $server $relay
wait
exit $status
