#!/bin/bash
# A test of gunicorn with a program that returns wsgi.file_wrapper: fetches the file `in` as `out`. Run it
# in a scratch folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need gunicorn gunicorn
need curl curl
cat >app.py <<'END'
def send(environ, start_response):
    start_response('200 OK', [('Content-Type', 'application/octet-stream')])
    return environ['wsgi.file_wrapper'](open('in', 'rb'))
END
gunicorn -b 127.0.0.1:8119 app:send 2>gunicorn.log &
fetch http://127.0.0.1:8119/
status=$?
kill $! && wait
exit $status
