#!/bin/bash
# Makes Debian packages, in build/packages or in the folder named, and tries them: lintian; the debug
# symbols are those of what is installed; an exported symbol that vanishes is noticed; bare Debians 12
# and 13 (tools/package/bare.sh). Then in a Debian 12 with compilers: install, the programs of
# tests/outside against the library by pkg-config, meson and CMake, the demo, uninstall, and nothing
# may be left. Installs what it needs (Debian 12, as root).
#
# usage: tools/package.sh [--try] [FOLDER]
#   --try: builds nothing, and tries the packages that are in the folder
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/packages.sh"

wrong() {
  echo "WRONG: $*" >&2
  exit 1
}

try=no
[ "${1-}" != --try ] || { try=yes; shift; }
to=${1:-$root/build/packages}
mkdir -p "$to"
to=$(cd "$to" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf --one-file-system "$scratch"' EXIT
log=$to/log
: >"$log"

# Runs a command with its output in the log, and shows the end of that if it fails.
quietly() {
  "$@" >>"$log" 2>&1 </dev/null || { tail -40 "$log" >&2 && wrong "$*"; }
}

install_packages build
install_missing build-essential debhelper lintian mmdebstrap

# In a chroot, where / is no mount of its own, what is mounted cannot be kept to ourselves by making /
# private: so it is also unmounted, and nothing is bound with what lies below it.
propagation=private
mountpoint -q / || propagation=unchanged

# inside FOLDER SCRIPT: runs the script with the folder as its root.
inside() {
  quietly unshare --mount --propagation $propagation --pid --fork bash -ec '
    trap "umount \"$1\"/{proc,dev,sys} || true" EXIT
    mount -t proc proc "$1/proc"
    mount --bind /dev "$1/dev"
    mount --bind /sys "$1/sys"
    unset TMPDIR
    chroot "$1" bash "$2"' - "$1" "$2"
}

# Into the folder, from what git has of the source tree, and what is new there.
build_packages() {
  local version source maintainer
  version=$(sed -n "s/^ *version: '\(.*\)',/\1/p" "$root/meson.build" | head -1)
  source=$scratch/anysplice-$version
  mkdir "$source"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard |
    tar --null --files-from=- -cf -) | tar -xf - -C "$source"
  cp -r "$root/tools/package/debian" "$source/debian"
  maintainer=$(git -C "$root" log -1 --format='%an <%ae>')
  sed -i "s|@MAINTAINER@|$maintainer|" "$source/debian/control"
  cat >"$source/debian/changelog" <<EOF
anysplice ($version) unstable; urgency=medium

  * Made from the source tree by tools/package.sh; CHANGELOG.md has the changes.

 -- $maintainer  $(date -R)
EOF
  (cd "$source" && DEB_BUILD_OPTIONS="nocheck parallel=2" quietly dpkg-buildpackage -b -us -uc)
  rm -f "$to"/*.deb
  cp "$scratch"/*.deb "$to"
}

if [ $try = no ]; then
  echo 'Building packages'
  build_packages
fi
(cd "$to" && ls -l --block-size=K *.deb | awk '{print "    " $5 " " $9}')

echo 'lintian'
lintian --allow-root --fail-on error --tag-display-limit 0 "$to"/*.deb | sed 's/^/    /'

echo 'Debug symbols, and exported ones'
unpacked=$scratch/unpacked
for package in "$to"/*.deb; do dpkg-deb -x "$package" "$unpacked"; done
for file in "$unpacked"/usr/bin/anysplice "$unpacked"/usr/lib/*/libanysplice{,-api}.so.0; do
  id=$(readelf -n "$file" | sed -n 's/.*Build ID: //p')
  symbols=$unpacked/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
  readelf -SW "$symbols" 2>>"$log" | grep '\.debug_info' >>"$log" || wrong "no debug symbols of $(basename "$file")"
done
# The check that the build of the packages makes; and on lists with one symbol more than there is.
symbols_are() {
  local libraries=("$unpacked"/usr/lib/*/libanysplice*.so.0.*)
  (cd "$scratch" && dpkg-gensymbols -plibanysplice0 -c4 -v9999 -I"$1" -O/dev/null \
    "${libraries[@]/#/-e}")
}
cp -r "$root/tools/package/debian" "$scratch"
list=$scratch/debian/libanysplice0.symbols
quietly symbols_are "$list"
for name in anysplice_gone@ANYSPLICE_0 anysplice_gone@Base; do
  sed "/^ anysplice_close@${name#*@} /i\\ $name 0.1.0" "$list" >"$scratch/more.symbols"
  ! symbols_are "$scratch/more.symbols" >>"$log" 2>&1 || wrong "that $name is gone is not noticed"
done

for suite in bookworm trixie; do
  echo "A bare Debian: $suite"
  bare=$scratch/$suite
  quietly mmdebstrap --mode=root --variant=minbase $suite "$bare"
  mkdir "$bare/debs"
  cp "$to"/*.deb "$root/tools/package/bare.sh" "$bare/debs"
  cp "$root/tools/where/try.sh" "$bare/debs/where.sh"
  gcc -O1 -o "$bare/debs/cat" "$root/tests/port/cat.c"
  inside "$bare" /debs/bare.sh
  tail -n 1 "$log" | grep -qx -- '-- removed' || wrong "$suite: something was left"
  grep -E '^(bare|with programs): ' "$log" | tail -n 2 | sed 's/^/    /'
  rm -rf --one-file-system "$bare"
done

echo 'A Debian 12 with compilers'
fresh=$scratch/fresh
needed=$(dpkg-deb -f "$to"/anysplice_*.deb Depends | tr ',' '\n' | sed 's/^ *//; s/[ (|].*//' |
  grep -v '^libanysplice0$' | paste -sd ,)
quietly mmdebstrap --mode=root --variant=apt bookworm "$fresh" \
  --include="$(IFS=,; echo "${demo_packages[*]}"),g++,pkg-config,meson,cmake,$needed"
mkdir "$fresh/debs"
cp "$to"/{libanysplice0,libanysplice-dev,anysplice}_*.deb "$fresh/debs"
# What the demo takes from the source tree, besides its own script.
g++ -O2 -o "$fresh/debs/tee_to_file" "$root/tests/e2e/programs/tee_to_file.cc"
cp -r "$root/tests/outside/project" "$fresh/debs/project"
mkdir "$fresh/debs/tools"
cp "$root"/tools/{demo,packages}.sh "$fresh/debs/tools"
cat >"$fresh/debs/try.sh" <<'EOF'
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
# All files but the logs and states of apt, dpkg and ldconfig; and the packages.
files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /debs -o -path /tmp -o -path /run \
    -o -path /var/cache -o -path /var/log -o -path /var/lib/apt -o -path /var/lib/dpkg \) -prune -o -print |
    LC_ALL=C sort
}
files >/debs/before
echo '-- install'
dpkg -i /debs/*.deb
echo '-- programs against the libraries'
cd /debs/project
mkdir /debs/pkg_config
for way in explicit interposing; do
  library=anysplice; [ $way = interposing ] || library=anysplice-api
  flags=$(pkg-config --cflags $library) libs=$(pkg-config --libs $library)
  for language in c cpp; do
    compiler='cc -std=c99' file=$way.c
    [ $language = c ] || compiler='c++ -std=c++11' file=${way}_cpp.cc
    $compiler -o /debs/pkg_config/${way}_${language}_shared $file $flags $libs
    $compiler -o /debs/pkg_config/${way}_${language}_static $file $flags -Wl,-Bstatic $libs -Wl,-Bdynamic
  done
done
cc -static -o /debs/explicit_fully_static explicit.c $(pkg-config --cflags --static --libs anysplice-api)
meson setup /debs/meson . && ninja -C /debs/meson
cmake -G Ninja -B /debs/cmake -S . && ninja -C /debs/cmake
cd /debs
for program in explicit_fully_static {pkg_config,meson,cmake}/explicit_{c,cpp}_{shared,static}; do
  echo $program; anysplice run --block --no-preload -- ./$program 0 1
done
for program in {pkg_config,meson,cmake}/interposing_{c,cpp}_{shared,static}; do
  echo $program; anysplice run --block --no-preload -- ./$program
done
anysplice trace -o trace ./pkg_config/explicit_c_shared 1 0
grep -q splice trace
echo '-- demo'
tools/demo.sh --installed /debs
echo '-- uninstall'
dpkg --purge anysplice libanysplice-dev libanysplice0
files >/debs/after
diff /debs/before /debs/after
echo '-- clean'
EOF
echo 'Installing, the demo, uninstalling'
inside "$fresh" /debs/try.sh
grep -qx 'Everything is as it should be.' "$log" || wrong 'the demo did not come to its end'
tail -n 1 "$log" | grep -qx -- '-- clean' || wrong 'something was left'
echo "Installed, demonstrated, removed without a trace. The packages are in $to, the log is $log."
