#!/bin/sh
# usage: COMMAND=TEST [WHAT=explore|run] [OPTIONS=...] [REPORTS=FOLDER] check.sh
# Runs a test under anysplice, which is in the PATH, with reports in a folder. The exit status is 0 if
# the test survived.
set -eu

reports=${REPORTS:-anysplice-reports}
mkdir -p "$reports"
case ${WHAT:-explore} in
  explore)
    eval "set -- --junit='$reports/explore.xml' --sarif='$reports/explore.sarif' \
      --html='$reports/explore.html' ${OPTIONS:-}"
    ;;
  run)
    # What was injected, so that it can be replayed.
    case " ${OPTIONS:-}" in
      *' --inject'* | *' --as'*) eval "set -- --record='$reports/decisions' $OPTIONS" ;;
      *) eval "set -- ${OPTIONS:-}" ;;
    esac
    ;;
  *)
    echo "check.sh: WHAT is explore or run, not '$WHAT'" >&2
    exit 2
    ;;
esac

# A shell in between would hide a static program; what only a shell understands needs one.
first=${COMMAND%% *}
case $COMMAND in
  *[\;\&\|\<\>\(\)\`\$]* | [A-Za-z_]*=*) first= ;;
esac
case $(command -v -- "$first" || true) in
  */*) eval "exec anysplice ${WHAT:-explore} \"\$@\" -- $COMMAND" ;;
esac
exec anysplice "${WHAT:-explore}" "$@" -- sh -c "$COMMAND"
