#!/bin/bash
# A test of iperf3 -Z, which has to send as much as it is asked to. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
need iperf3 iperf3
need ss iproute2
env -u LD_PRELOAD iperf3 -s -1 -p 8118 -B 127.0.0.1 >server.log 2>&1 &
server=$!
for _ in {1..200}; do
  ss -Hltn 'sport = :8118' | grep -q . && break
  sleep 0.02
done
iperf3 -Z -c 127.0.0.1 -p 8118 -n 1M >client.log 2>&1
status=$?
wait $server
exit $status
