#!/bin/bash
# A test of lighttpd with a CGI program whose output, the file `in`, becomes `out`: lighttpd splices it
# into a temporary file. Run it in a scratch folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need lighttpd lighttpd
need curl curl
cat >lighttpd.conf <<END
server.modules = ("mod_cgi")
server.document-root = "$PWD"
server.upload-dirs = ("$PWD")
server.bind = "127.0.0.1"
server.port = 8112
cgi.assign = (".cgi" => "/bin/bash")
END
printf "echo Content-Length: $(stat -c %s in)\necho\nexec cat in\n" >send.cgi
lighttpd -D -f lighttpd.conf 2>/dev/null &
fetch http://127.0.0.1:8112/send.cgi
status=$?
kill $! && wait
exit $status
