#!/bin/bash
# A test of systemd-tmpfiles: copies the file `in` to `out` by a line of type C. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need systemd-tmpfiles systemd
echo "C $PWD/out - - - - $PWD/in" >copy.conf
exec systemd-tmpfiles --create "$PWD/copy.conf"
