#!/bin/bash
# A test of proftpd, as root: fetches the file `in` as `out`. Run it in a scratch folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need proftpd proftpd-core
need curl curl
chmod 755 . && chmod 644 in
cat >proftpd.conf <<END
ServerName test
ServerType standalone
DefaultServer on
DefaultAddress 127.0.0.1
Port 8117
UseIPv6 off
UseSendfile on
WtmpLog off
DelayEngine off
PidFile $PWD/proftpd.pid
ScoreboardFile none
User nobody
Group nogroup
UseFtpUsers off
<Anonymous $PWD>
  User nobody
  Group nogroup
  RequireValidShell off
</Anonymous>
END
proftpd -n -q -c "$PWD/proftpd.conf" 2>proftpd.log &
fetch ftp://nobody:x@127.0.0.1:8117/in
status=$?
kill $! && wait
exit $status
