#!/bin/bash
# Runs scripts beside it without anysplice, with the calls refused to them, and with anysplice in several ways; a
# line for each run has the script, the options, its status, and whether `out` is what `in` is. Ends with an error
# if a script cannot run, whatever the options.
#
# usage: [ANYSPLICE=COMMAND] compare.sh SCRIPT.sh ...
#   in a scratch folder; $ANYSPLICE is the command anysplice, if that is not in the path
here=$(realpath "$(dirname "$0")")
anysplice=${ANYSPLICE:-anysplice}
calls=splice,tee,vmsplice,sendfile,copy_file_range

usage() { sed -n '/^# usage/,/^here/s/^# //p' "$0"; }

wrong() {  # wrong STATUS WHAT
  echo "compare.sh: $2" >&2
  exit "$1"
}

case ${1:-} in
  -h | --help) usage; exit ;;
  '' | -*) usage >&2; exit 2 ;;
esac
command -v "$anysplice" >/dev/null ||
  wrong 127 "there is no '$anysplice': put anysplice into the path, or name it in \$ANYSPLICE"
for script; do
  [ -x "$here/$(basename "$script")" ] || wrong 2 "there is no script '$(basename "$script")' in $here"
done
[ -f in ] || head -c 300000 /dev/urandom >in || wrong 1 'cannot make the file in'
failed=0
for script; do
  for options in --no-preload {--no-preload\ ,}--block={ENOSYS,EPERM} --mode=auto --mode=emulate \
    '--mode=emulate --rings=off' '--mode=emulate --copy-file-range=emulate'; do
    rm -f out
    block=
    [[ $options == *--block* ]] && block=--block-calls=$calls
    # shellcheck disable=SC2086  # options are words
    timeout -s KILL 40 "$anysplice" run --quiet $options $block -- \
      "$here/$(basename "$script")" >run.log 2>&1 </dev/null
    status=$?
    if [ $status -ge 125 ] && [ $status -le 127 ]; then  # it, or a program of it, was not started
      echo "compare.sh: $(basename "$script") $options: status $status" >&2
      cat run.log >&2
      failed=1
      break
    fi
    cmp -s in out && content='the same' || content='something else'
    echo "$(basename "$script") $options: status $status, $content"
  done
done
exit $failed
