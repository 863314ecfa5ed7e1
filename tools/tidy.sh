#!/bin/bash
# Runs clang-tidy with the checks of .clang-tidy over core/, shim/ and tools/, or over the files
# whose path contains one of the arguments. Installs what is missing (Debian 12, as root), sets up
# build/ if there is none. Exit status 0 and no output but the number of files if all is clean.
#
#   tools/tidy.sh [TEXT...]          # tools/tidy.sh core/ shim/vfork.cc
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/packages.sh"
install_packages build && install_missing clang-tidy-14 || exit 1

build=$root/build
[ -e "$build/build.ninja" ] || meson setup "$build" "$root" >/dev/null || exit 1

# Each file once, although several libraries are made of it.
files=$(python3 - "$root" "$build" "$@" <<'END'
import json, os, sys
root, build, *texts = sys.argv[1:]
with open(f'{build}/compile_commands.json') as commands:
    files = {os.path.relpath(os.path.join(c['directory'], c['file']), root): c
             for c in reversed(json.load(commands))}
chosen = {f: c for f, c in files.items() if f.startswith(('core/', 'shim/', 'tools/'))
          and (not texts or any(text in f for text in texts))}
os.makedirs(f'{build}/tidy', exist_ok=True)
with open(f'{build}/tidy/compile_commands.json', 'w') as out:
    json.dump(list(chosen.values()), out)
print('\n'.join(sorted(chosen)))
END
)
[ -n "$files" ] || { echo "tidy.sh: no such file" >&2; exit 2; }

# Options of gcc that clang lacks are none of its business.
(cd "$root" && xargs -P "$(nproc)" -n 1 clang-tidy-14 -p "$build/tidy" --quiet \
  --header-filter='/(core|shim|tools)/' --extra-arg=-Wno-unknown-warning-option \
  <<<"$files" 2> >(grep -v 'warnings\? generated\|warnings\? treated as' >&2))
status=$?
[ $status = 0 ] && echo "clang-tidy: $(wc -l <<<"$files") files clean"
exit $status
