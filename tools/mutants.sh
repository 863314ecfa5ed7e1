#!/bin/bash
# Plants one-line bugs in a copy of the source, one at a time, and tells which test notices each.
# Needs what tools/test.sh installs.
#
#   tools/mutants.sh [-a] [-k] [TEXT...]     # only bugs whose name contains a TEXT
#
# tools/mutants.txt lists the bugs, the tests that notice them, and explains those that no test can
# notice; these are left out without -a. Only what the tests of the list need is built for a bug; if
# they do not notice it, all others are built, and run side by side. With -k the copy and its build are
# kept, in build/mutants, for the next time. Exit status 1 if a bug survives that the list does not
# explain, or if a line that the list wants to change is not there.
set -uo pipefail
shopt -u patsub_replacement 2>/dev/null  # '&' is a character like any other

root=$(cd "$(dirname "$0")/.." && pwd)
all='' keep='' limit=${MUTANTS_SECONDS:-60}
while getopts ak option; do
  case $option in
    a) all=1 ;;
    k) keep=1 ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
copy=$root/build/mutants
trap '[ -n "$keep" ] || rm -rf "$copy"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$copy"
# Files that did not change are left alone: what was built of them stays so.
(cd "$root" && git ls-files --cached --others --exclude-standard) | while IFS= read -r file; do
  [ -e "$root/$file" ] && ! cmp -s "$root/$file" "$copy/$file" || continue
  mkdir -p "$(dirname "$copy/$file")" && cp "$root/$file" "$copy/$file" || exit 2
done || exit 2
build=$copy/build
[ -e "$build/build.ninja" ] || meson setup "$build" "$copy" -Doptimization=1 -Dwerror=false >/dev/null || exit 2

hazards=(watching partial fork pipes copies closing writers references data_gone vfork descriptions
  handlers loader namespaces privileges much_of_a_file sockets)
tests=(unit fuzz "${hazards[@]}")
shim=$(ninja -C "$build" -t targets all | grep -om1 '^shim/libanysplice\.so[^:]*')

# A test is NAME or NAME:PART, where PART is a file of tests/unit, a case of tests/hazards, or
# what the names of cases of the oracle have in common.
targets_of() {
  case ${1%%:*} in
    unit) echo tests/unit/unit ;;
    fuzz) echo tests/fuzz/fuzz ;;
    oracle) echo tests/oracle/oracle ;;
    schedules) echo tests/schedules/schedules ;;
    loader) echo "$shim" tests/hazards/loader tests/hazards/libloader_{plain,next,handle}.so ;;
    *) echo "$shim" "tests/hazards/${1%%:*}" ;;
  esac
}
make() { ninja -C "$build" "$@" >"$build/mutants.log" 2>&1; }
make_for() {
  local test targets=()
  for test in "$@"; do read -ra targets <<<"${targets[*]} $(targets_of "$test")"; done
  make "${targets[@]}"
}

# 0 if it found nothing wrong. It may hang, or start what hangs.
run_test() {
  local name=${1%%:*} part=''
  [[ $1 == *:* ]] && part=${1#*:}
  case $name in
    unit) "$build/tests/unit/unit" --abort -# "${part:+[#$part]}~[old-pipes]" ;;
    fuzz)
      "$build/tests/fuzz/fuzz" "$copy"/tests/fuzz/regressions/*.txt &&
        "$build/tests/fuzz/fuzz" --seed 1 --programs 200
      ;;
    oracle) "$build/tests/oracle/oracle" --abort "*${part}*" ;;
    schedules) "$build/tests/schedules/schedules" 1 1 "$part" ;;
    *)
      local how=''
      case $name in  # as in tests/hazards/meson.build, but where that takes too long
        partial) how=partly ;;
        references | data_gone) how=rings ;;
      esac
      # The first failure is enough.
      HAZARD_CASE=$part HAZARD_ANYSPLICE=$build/tools/anysplice PYTHONDONTWRITEBYTECODE=1 \
        python3 -u "$copy/tests/hazards/runner.py" "$build/tests/hazards/$name" ${how:+"$how"} |
        sed '/^not ok/q'
      ;;
  esac
}
# Says what it noticed, if anything.
try() {
  local log=$build/$1.log seconds=$limit
  [[ $1 == *:* ]] && seconds=$((limit / 2))  # only a part
  timeout -k 5 "$seconds" bash -o pipefail -c 'run_test "$1"' bash "$1" >"$log" 2>&1 </dev/null
  case $? in
    0) ;;
    124) echo "$1: does not end" ;;
    *) echo "$1: $({ grep -m1 -E '^not ok|\.cc:[0-9]+: [A-Z]' "$log" || tail -1 "$log"; } | cut -c1-70)" ;;
  esac
}
export -f run_test try
export build copy limit
# What the first of them notices; they run side by side, and no more are started then.
try_all() {
  printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -c \
    'result=$(try "$1"); [ -z "$result" ] || { echo "$result"; exit 255; }' bash {} 2>/dev/null |
    head -1
  return 0
}

# The first of the tests that notices, those of the list first. Empty: none. 2: does not build.
noticed_by() {
  local test result
  for test in "$@"; do
    make_for "$test" || return 2
    result=$(try "$test")
    [ -z "$result" ] || { echo "$result" && return; }
  done
  make_for "${tests[@]}" || return 2
  try_all "${tests[@]}"
}

status=0 planted=0 noticed=0 explained=0 left_out=0
plant() {
  local name=$1 file=$2 from=$3 to=$4 by=$5 unseen=$6 text result start=$SECONDS
  text=$(cat "$copy/$file" && echo .) || text=''
  text=${text%.}
  planted=$((planted + 1))
  from=${from//'\n'/$'\n'}
  if [ -z "$from" ] || [[ $text != *"$from"* ]]; then
    result='STALE: nothing like that there'
    status=1
  else
    printf %s "${text/"$from"/"$to"}" >"$copy/$file"
    # shellcheck disable=SC2086  # a list of names
    if ! result=$(noticed_by $by); then
      result="STALE: does not build ($(grep -m1 -o 'error: .*' "$build/mutants.log"))"
      status=1
    elif [ -n "$result" ]; then
      noticed=$((noticed + 1))
      [ -z "$unseen" ] || result+="  (the list says that nobody can: $unseen)"
    elif [ -n "$unseen" ]; then
      result="survives: $unseen"
      explained=$((explained + 1))
    else
      result='SURVIVES, unexplained'
      status=1
    fi
    printf %s "$text" >"$copy/$file"
  fi
  printf '%-28s %3d s  %s\n' "$name" $((SECONDS - start)) "$result"
}

wanted() {
  [ -z "$unseen" ] || [ -n "$all" ] || { left_out=$((left_out + 1)) && return 1; }
  [ $# -gt 1 ] || return 0
  local text
  for text in "${@:2}"; do [[ $1 == *"$text"* ]] && return 0; done
  return 1
}

if ! make tools/anysplice shim/libanysplice-log.so tests/hazards/peer ||
  ! make_for "${tests[@]}"; then
  tail -20 "$build/mutants.log" >&2
  exit 2
fi
for _ in 1 2; do  # a busy machine may have been the reason
  broken=$(try_all "${tests[@]}")
  [ -n "$broken" ] || break
done
if [ -n "$broken" ]; then
  echo "mutants.sh: without any bug there is wrong already: $broken" >&2
  keep=1
  exit 2
fi
printf '%-28s %3d s\n' "no bug, all built" $SECONDS

name='' file='' from='' to='' by='' unseen=''
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    '#'*) ;;
    'name: '*) name=${line#name: } ;;
    'file: '*) file=${line#file: } ;;
    'from: '*) from=${line#from: } ;;
    'to:'*) to=${line#to:} to=${to# } ;;
    'by: '*) by=${line#by: } ;;
    'unseen: '*) unseen=${line#unseen: } ;;
    '')
      [ -z "$name" ] || ! wanted "$name" "$@" ||
        plant "$name" "$file" "$from" "$to" "$by" "$unseen" </dev/null
      name='' file='' from='' to='' by='' unseen=''
      ;;
    *)
      echo "mutants.sh: what is this? $line" >&2
      exit 2
      ;;
  esac
done < <(cat "$root/tools/mutants.txt" && echo)
echo "$planted planted, $noticed noticed, $explained explained, $left_out left out; $SECONDS s"
exit $status
