#!/bin/bash
# A test of nginx with `sendfile on`: fetches the file `in` as `out`. Run it in a scratch folder.
cat >nginx.conf <<END
daemon off; master_process off; pid nginx.pid; error_log nginx.log;
events {}
http {
  access_log off; sendfile on;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
  uwsgi_temp_path tmp; scgi_temp_path tmp;
  server { listen 127.0.0.1:8099; root $PWD; }
}
END
nginx -p "$PWD" -c nginx.conf -e nginx.log &
curl -sS --retry 50 --retry-delay 0 --retry-connrefused -m 10 -o out http://127.0.0.1:8099/in
status=$?
kill $! && wait
exit $status
