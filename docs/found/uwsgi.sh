#!/bin/bash
# A test of uwsgi with `fileserve-mode = sendfile`: fetches the file `in` as `out`. Run it in a scratch
# folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need uwsgi-core uwsgi-core
need /usr/lib/uwsgi/plugins/python3_plugin.so uwsgi-plugin-python3
need curl curl
uwsgi-core --plugin python3 --http-socket 127.0.0.1:8116 --check-static "$PWD" --fileserve-mode sendfile \
  --die-on-term 2>uwsgi.log &
fetch http://127.0.0.1:8116/in
status=$?
kill $! && wait
exit $status
