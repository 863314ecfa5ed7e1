#!/bin/bash
# Plants one-line bugs in a copy of the source, one at a time, and tells which test notices each.
# Needs what tools/test.sh installs; takes a minute or two for each bug.
#
#   tools/mutants.sh [-k] [TEXT...]     # only bugs whose name contains a TEXT
#
# tools/mutants.txt lists the bugs, and explains those that no test can notice. With -k the copy and
# its build are kept, in build/mutants, for the next time. Exit status 1 if a bug survives that the
# list does not explain, or if a line that the list wants to change is not there.
set -uo pipefail
shopt -u patsub_replacement 2>/dev/null  # '&' is a character like any other

root=$(cd "$(dirname "$0")/.." && pwd)
keep='' limit=${MUTANTS_SECONDS:-60}
if [ "${1-}" = -k ]; then
  keep=1
  shift
fi
copy=$root/build/mutants
trap '[ -n "$keep" ] || rm -rf "$copy"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$copy"
(cd "$root" && git ls-files -z --cached --others --exclude-standard |
  tar -c --null -T - | tar -x -C "$copy") || exit 2
build=$copy/build
[ -e "$build/build.ninja" ] || meson setup "$build" "$copy" -Doptimization=1 >/dev/null || exit 2

hazards=(watching partial fork pipes copies closing writers references data_gone vfork descriptions
  handlers)
tests=(unit fuzz "${hazards[@]}")
shim=$(ninja -C "$build" -t targets all | grep -om1 '^shim/libanysplice\.so[^:]*')
targets=(tests/unit/unit tests/fuzz/fuzz tools/anysplice "$shim" shim/libanysplice-log.so
  tests/hazards/peer "${hazards[@]/#/tests/hazards/}")
make() { ninja -C "$build" "${targets[@]}" >"$build/mutants.log" 2>&1; }

# Each test by its name: 0 if it found nothing wrong. It may hang, or start what hangs.
run_test() {
  case $1 in
    unit) "$build/tests/unit/unit" '~[old-pipes]' ;;
    fuzz)
      "$build/tests/fuzz/fuzz" "$copy"/tests/fuzz/regressions/*.txt &&
        "$build/tests/fuzz/fuzz" --seed 1 --programs 200
      ;;
    *)
      local how=''
      case $1 in  # as in tests/hazards/meson.build, but where that takes too long
        partial) how=partly ;;
        references | data_gone) how=rings ;;
      esac
      HAZARD_ANYSPLICE=$build/tools/anysplice PYTHONDONTWRITEBYTECODE=1 \
        python3 "$copy/tests/hazards/runner.py" "$build/tests/hazards/$1" ${how:+"$how"}
      ;;
  esac
}
export -f run_test
export build copy
passes() { timeout -k 5 "$limit" bash -c 'run_test "$1"' bash "$1" >"$build/$1.log" 2>&1 </dev/null; }

# The first of the tests that notices, those named first. Empty: none.
noticed_by() {
  local test
  for test in "$@" "${tests[@]/%/ }"; do
    [[ $test == *' ' && " $* " == *" $test"* ]] && continue
    test=${test% }
    passes "$test" && continue
    [ $? = 124 ] && echo "$test: does not end" && return
    echo "$test: $({
      grep -m1 -E '^not ok|\.cc:[0-9]+: [A-Z]' "$build/$test.log" || tail -1 "$build/$test.log"
    } | cut -c1-70)"
    return
  done
}

status=0 planted=0 noticed=0 explained=0
plant() {
  local name=$1 file=$2 from=$3 to=$4 by=$5 unseen=$6 text result
  text=$(cat "$copy/$file" && echo .) || text=''
  text=${text%.}
  planted=$((planted + 1))
  from=${from//'\n'/$'\n'}
  if [ -z "$from" ] || [[ $text != *"$from"* ]]; then
    result='STALE: nothing like that there'
    status=1
  else
    printf %s "${text/"$from"/"$to"}" >"$copy/$file"
    if ! make; then
      result="STALE: does not build ($(grep -m1 -o 'error: .*' "$build/mutants.log"))"
      status=1
    else
      # shellcheck disable=SC2086  # a list of names
      result=$(noticed_by $by)
      if [ -n "$result" ]; then
        noticed=$((noticed + 1))
        [ -z "$unseen" ] || result+="  (the list says that nobody can: $unseen)"
      elif [ -n "$unseen" ]; then
        result="survives: $unseen"
        explained=$((explained + 1))
      else
        result='SURVIVES, unexplained'
        status=1
      fi
    fi
    printf %s "$text" >"$copy/$file"
  fi
  printf '%-28s %s\n' "$name" "$result"
}

if ! make; then
  tail -20 "$build/mutants.log" >&2
  exit 2
fi
for test in "${tests[@]}"; do
  passes "$test" && continue
  echo "mutants.sh: without any bug $test fails already; see $build/$test.log" >&2
  keep=1
  exit 2
done

wanted() {
  [ $# -gt 1 ] || return 0
  local text
  for text in "${@:2}"; do [[ $1 == *"$text"* ]] && return 0; done
  return 1
}
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
echo "$planted planted, $noticed noticed, $explained explained"
exit $status
