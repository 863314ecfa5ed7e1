#!/bin/bash
# A test of HAProxy with `option splice-auto`: fetches the file `in` as `out` through it. Run it in a
# scratch folder.
cat >haproxy.cfg <<END
defaults
  mode http
  timeout connect 4s
  timeout client 4s
  timeout server 4s
  option splice-auto
  option splice-response
listen relay
  bind 127.0.0.1:8097
  server backend 127.0.0.1:8098
END
env -u LD_PRELOAD python3 -m http.server -b 127.0.0.1 8098 >/dev/null 2>&1 &
server=$!
haproxy -db -f haproxy.cfg &
relay=$!
for _ in {1..100}; do
  curl -fsS -o /dev/null -m 5 http://127.0.0.1:8098/haproxy.cfg 2>/dev/null && break
  sleep 0.02
done
curl -fsS --retry 50 --retry-delay 0 --retry-connrefused -m 10 -o out http://127.0.0.1:8097/in
status=$?
kill $server $relay
wait
exit $status
