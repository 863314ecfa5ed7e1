#!/bin/bash
# A test of the Apache httpd with `EnableSendfile On`: fetches the file `in` as `out`. Run it in a scratch
# folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need apache2 apache2-bin
need curl curl
cat >apache.conf <<END
ServerRoot /usr/lib/apache2
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
ServerName localhost
Listen 127.0.0.1:8113
PidFile $PWD/apache.pid
ErrorLog $PWD/apache.log
DefaultRuntimeDir $PWD
DocumentRoot $PWD
EnableMMAP Off
EnableSendfile On
END
apache2 -X -f "$PWD/apache.conf" &
fetch http://127.0.0.1:8113/in
status=$?
kill $! && wait
exit $status
