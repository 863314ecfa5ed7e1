#!/bin/sh
# Started by `anysplice demo`: real programs, of which those that are here run three times: as they are,
# with the kernel's splice, tee, vmsplice and sendfile refused, and so with anysplice. Needs no root, and
# leaves nothing behind. Ends with an error if anything is not as it should be.
#
# usage: demo.sh ANYSPLICE
set -u

anysplice=$1
scratch=$(mktemp -d) || exit 1
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 1
shown=0

wrong() {
  echo "WRONG: $*" >&2
  [ ! -s log ] || tail -n 20 log >&2
  exit 1
}

here() {
  for program; do command -v "$program" >/dev/null || return 1; done
}

# What the program said of its failure; curl also says that HAProxy was not there yet, before.
complaint() {
  grep -im 1 -E 'error|not impl|denied' log && return
  { grep '^curl: ' log || cat log; } | tail -n 1
}

# Who moved the bytes of the calls named, from the counters in the file `stats`: anysplice, and nobody
# else.
tell_movers() {
  for call; do
    bytes=$(sed -n "s/^$call.engine_bytes //p" stats)
    [ "${bytes:-0}" -gt 0 ] || wrong "anysplice moved nothing by $call"
    grep -qx "$call.native_bytes 0" stats || wrong "the kernel moved bytes by $call"
    echo "    with anysplice: works. By $call it moved $bytes bytes, the kernel none"
  done
}

# show TITLE CALLS COMMAND: a command of the shell, in which $under stands for what the program runs
# under. It must make the file `out` the same as `in`.
show() {
  echo
  echo "$1"
  shown=$((shown + 1))
  rm -f out
  under='' sh -c "$3" >log 2>&1 && cmp -s in out || echo '    as it is:       fails here already'
  rm -f out
  if under="$anysplice run --block --no-preload --" sh -c "$3" >log 2>&1 && cmp -s in out; then
    echo '    refused:        works, as this version reads and writes then'
  else
    echo "    refused:        fails: $(complaint)"
  fi
  rm -f out
  under="$anysplice run --block --stats=stats --" sh -c "$3" >log 2>&1 || wrong 'it does not work'
  cmp -s in out || wrong 'the bytes differ'
  tell_movers $2
}

"$anysplice" --version
head -c 16000000 /dev/urandom >in

if here fio; then
  show 'fio: writes a file by vmsplice and splice, and verifies it' 'vmsplice splice' '
    $under fio --name=demo --ioengine=splice --rw=write --bs=64k --size=16m --verify=crc32c &&
    cp in out'
fi
if here pv; then
  show 'pv: from a pipe to a pipe' splice 'cat in | $under pv -q | cat >out'
fi
if here python3 && python3 -c 'import os; os.splice' 2>log; then
  # (Not under the name of a module of Python's, which would be taken from this folder.)
  cat >by_splice.py <<END
import os
source, target = os.open("in", os.O_RDONLY), os.open("out", os.O_WRONLY | os.O_CREAT)
read_end, write_end = os.pipe()
while moved := os.splice(source, write_end, 65536):
    while moved:
        moved -= os.splice(read_end, target, moved)
END
  show 'python3: os.splice, from file to file through a pipe' splice '$under python3 by_splice.py'
fi
if here python3; then
  cat >by_sendfile.py <<END
import os
source, target = os.open("in", os.O_RDONLY), os.open("out", os.O_WRONLY | os.O_CREAT)
offset = 0
while True:
    moved = os.sendfile(target, source, offset, 1 << 20)
    if not moved:
        break
    offset += moved
END
  show 'python3: os.sendfile' sendfile '$under python3 by_sendfile.py'
fi
if here haproxy python3 curl; then
  # An address of this process alone on the loopback interface.
  host=127.$(($$ / 65536 % 256)).$(($$ / 256 % 256)).$(($$ % 254 + 1))
  cat >haproxy.cfg <<END
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    option splice-auto
    option splice-response
listen proxy
    bind $host:8080
    server backend $host:8081
END
  cat >proxy.sh <<END
\$under haproxy -db -f haproxy.cfg &
proxy=\$!
curl -sS -m 20 --retry 50 --retry-delay 0 --retry-connrefused --retry-max-time 10 \\
  -o out http://$host:8080/in
status=\$?
kill \$proxy
wait \$proxy
exit \$status
END
  python3 -m http.server --bind "$host" 8081 >/dev/null 2>&1 &
  server=$!
  # (Until it is there, HAProxy answers in its place.)
  curl -s --retry 50 --retry-delay 0 --retry-connrefused --retry-max-time 10 -o log "http://$host:8081/"
  show 'HAProxy: a download through it, with "option splice-auto"' splice '. ./proxy.sh'
fi

echo
[ "$shown" -gt 0 ] || {
  echo 'None of fio, pv, python3 and haproxy is here to show. Try: anysplice doctor'
  exit 1
}
echo 'Everything is as it should be.'
