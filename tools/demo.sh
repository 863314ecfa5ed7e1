#!/bin/bash
# Shows anysplice at work. Installs what is missing (Debian 12 or 13, as root), builds, and runs
# real programs whose splice calls the kernel refuses: without anysplice, and with it. Ends with an
# error if anything is not as it should be. Newer versions of some programs use read and write where
# the calls are refused; the demo says so.
#
# demo.sh --installed FOLDER: with the anysplice that is installed, and FOLDER/tee_to_file.
set -euo pipefail

case ${1:-} in
  '' | --installed) ;;
  -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit ;;
  *) echo "demo.sh: no option: $1" >&2; exit 2 ;;
esac

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/packages.sh"

scratch=$(mktemp -d)
servers=()
finish() {
  # Only ours, by their number.
  [ ${#servers[@]} -eq 0 ] || kill "${servers[@]}" 2>/dev/null || true
  wait
  rm -rf "$scratch"
}
trap finish EXIT

title() { printf '\n=== %s\n' "$*"; }
indent() { sed 's/^/    /'; }
wrong() {
  echo "WRONG: $*" >&2
  exit 1
}

# Shows a command line and runs it, with its output in the file `log`.
try() {
  printf '\n  $ %s\n' "$1"
  timeout 60 bash -o pipefail -c "$1" >log 2>&1
}

must_fail() {
  ! try "$1" || wrong 'this should have failed'
  tell_error
}

# For a program that may do without the calls: tells what it does.
may_fail() {
  if try "$1"; then
    tell_of_fallback "${1##* -- }"
  else
    tell_error
  fi
}

tell_error() { { grep -im 1 error log || tail -n 1 log; } | indent; }

tell_of_fallback() {
  echo "This version of ${1%% *} uses read and write where the calls are refused" | indent
}

must_work() {
  try "$1" || { cat log >&2 && wrong 'this should have worked'; }
}

# Tells who moved the bytes, from the counters in the file `stats`, which must say that it was
# anysplice, for the calls named.
tell_movers() {
  local call bytes
  for call in "$@"; do
    bytes=$(sed -n "s/^$call.engine_bytes //p" stats)
    [ "${bytes:-0}" -gt 0 ] || wrong "anysplice moved nothing by $call"
    grep -qx "$call.native_bytes 0" stats || wrong "the kernel moved bytes by $call"
    echo "$call: anysplice moved $((bytes >> 20)) MiB, the kernel none" | indent
  done
}

same() {
  [ "$(sha256sum <"$1")" = "$(sha256sum <"$2")" ] || wrong "$1 and $2 differ"
  echo "$2 has the bytes of $1 (sha256 $(sha256sum <"$2" | cut -c -16)...)" | indent
}

wait_for_port() {
  local try
  for try in {1..100}; do
    ! (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null || return 0
    sleep 0.05
  done
  wrong "nobody listens on $1:$2"
}

if [ "${1:-}" = --installed ]; then
  programs=$2
else
  programs=$root/build/tests/e2e
  title 'Packages and build'
  install_packages demo
  cd "$root"
  [ -f build/build.ninja ] || meson setup --buildtype=release build >"$scratch/log" ||
    { cat "$scratch/log" && wrong 'meson failed'; }
  meson configure build -Dtests=true  # somebody may have built without
  [ -x build/tools/anysplice ] || echo 'Building; this takes a few minutes'
  ninja -C build tools/anysplice tests/e2e/tee_to_file 2>&1 | tee "$scratch/log" | build_progress ||
    { tail -40 "$scratch/log" && wrong 'the build failed'; }
  export PATH="$root/build/tools:$PATH"
fi
anysplice --version
cd "$scratch"

title 'What this system offers, and what anysplice does about it'
anysplice doctor | sed '/^$/,$d' | indent
printf '\n  ... and with the four calls refused, as `anysplice run --block` has it below:\n'
anysplice run --block --no-preload -- "$(command -v anysplice)" doctor | sed '/^$/,$d' |
  grep -E '^(splice|tee|vmsplice|sendfile) ' | indent

printf '\nEach example runs without anysplice first, then with it, and ends with what each call moved.\n'
echo 'Bytes that go into a pipe and out of it again count twice.'

title 'fio: 64 MiB into a file by vmsplice and splice, back again, and verified'
fio='fio --name=demo --ioengine=splice --rw=write --bs=64k --size=64m --verify=crc32c'
may_fail "anysplice run --block --no-preload -- $fio"
must_work "anysplice run --block --stats=stats -- $fio"
grep -oE '(READ|WRITE): bw=[^ ]*' log | indent
tell_movers vmsplice splice

title 'HAProxy with "option splice-auto": a download of 64 MiB through the proxy'
# An address of this process alone on the loopback interface.
host=127.$((BASHPID >> 16)).$((BASHPID >> 8 & 255)).$((BASHPID & 255))
mkdir site
head -c 64M /dev/urandom >site/body
cat >haproxy.cfg <<EOF
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
EOF
/usr/bin/python3 -m http.server --bind "$host" --directory site 8081 >/dev/null 2>&1 &
servers+=($!)
wait_for_port "$host" 8081

# Starts HAProxy by the command given, downloads through it, and ends it.
download() {
  local result=0
  printf '\n  $ %s\n' "$* &"
  "$@" >/dev/null 2>&1 &
  servers[1]=$!
  wait_for_port "$host" 8080
  echo "  $ curl -o body http://$host:8080/body"
  curl -sS -m 10 -o body -w '%{size_download} %{speed_download}\n' "http://$host:8080/body" 2>&1 |
    sed -E 's/^([0-9]+) ([0-9]*)[0-9]{6}$/\1 bytes arrived, at \2 MB\/s/
            s/^([0-9]+) [0-9]+$/\1 bytes arrived/' | indent || result=$?
  kill "${servers[1]}"
  wait "${servers[1]}" || true
  unset 'servers[1]'
  return $result
}

if download anysplice run --block --no-preload -- haproxy -db -f haproxy.cfg; then
  tell_of_fallback haproxy
  same site/body body
  rm body
fi
download anysplice run --block --stats=stats -- haproxy -db -f haproxy.cfg || wrong 'no download'
same site/body body
tell_movers splice

title 'tee(2): the example of its manual page, copying a pipe into a pipe and a file'
ln -s "$programs/tee_to_file" .
must_fail 'cat site/body | anysplice run --block --no-preload -- ./tee_to_file copy | cat >out'
must_work 'cat site/body | anysplice run --block --stats=stats -- ./tee_to_file copy | cat >out'
same site/body copy
same site/body out
tell_movers tee splice

echo
echo 'Everything is as it should be.'
[ "${1:-}" = --installed ] ||
  echo "The command is build/tools/anysplice: try build/tools/anysplice run --block -- PROGRAM"
