#!/bin/bash
# A test of smbd, as root, with `use sendfile = yes`: puts the file `in`, copies
# it on the server, and gets the copy as `out`. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need smbd samba
need smbclient smbclient
mkdir -p share state
rm -f share/* client.log
cat >smb.conf <<END
[global]
  interfaces = 127.0.0.1
  bind interfaces only = yes
  smb ports = 8123
  disable netbios = yes
  use sendfile = yes
  aio read size = 0
  aio write size = 0
  smb2 max read = 65536
  smb2 max write = 65536
  guest account = root
  map to guest = bad user
  log level = 0
  private dir = $PWD/state
  lock directory = $PWD/state
  state directory = $PWD/state
  cache directory = $PWD/state
  pid directory = $PWD/state
  ncalrpc dir = $PWD/state/ncalrpc
  load printers = no
[share]
  path = $PWD/share
  guest ok = yes
  writable = yes
END
smbd -F -s smb.conf --debug-stdout >smbd.log 2>&1 </dev/null &
server=$!
for _ in {1..500}; do
  (: <"/dev/tcp/127.0.0.1/8123") 2>/dev/null && break
  sleep 0.02
done
client() {
  env -u LD_PRELOAD smbclient -N -p 8123 -m SMB3 -s smb.conf //127.0.0.1/share -c "$1" >>client.log 2>&1
}
client 'put in' && client 'scopy in copy' && client 'get copy out'
status=$?
kill $server && wait
exit $status
