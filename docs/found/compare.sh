#!/bin/bash
# Runs scripts beside it without anysplice, with the calls refused to them, and with anysplice in several ways; a
# line for each run has the script, the options, its status, and whether `out` is what `in` is.
#
# usage: compare.sh SCRIPT.sh ...   in a scratch folder; $ANYSPLICE is the command, if not in the path
here=$(realpath "$(dirname "$0")")
calls=splice,tee,vmsplice,sendfile,copy_file_range
[ -f in ] || head -c 300000 /dev/urandom >in
for script; do
  for options in --no-preload {--no-preload\ ,}--block={ENOSYS,EPERM} --mode=auto --mode=emulate \
    '--mode=emulate --rings=off' '--mode=emulate --copy-file-range=emulate'; do
    rm -f out
    block=
    [[ $options == *--block* ]] && block=--block-calls=$calls
    # shellcheck disable=SC2086  # options are words
    timeout -s KILL 40 "${ANYSPLICE:-anysplice}" run --quiet $options $block -- \
      "$here/$(basename "$script")" >run.log 2>&1 </dev/null
    status=$?
    cmp -s in out && content='the same' || content='something else'
    echo "$(basename "$script") $options: status $status, $content"
  done
done
