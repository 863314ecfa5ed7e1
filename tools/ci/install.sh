#!/bin/sh
# usage: install.sh FOLDER
# Puts anysplice below a folder and prints the folder of its command: from the tarball of an installed
# tree that $RELEASE names (a file or an URL), else built from the sources that this file is part of.
set -eu

to=$1
mkdir -p "$to"

# As root, or by sudo where there is one.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

unpack() {
  case $RELEASE in
    *://*) curl -fsSL "$RELEASE" -o "$to/release.tar" ;;
    *) cp "$RELEASE" "$to/release.tar" ;;
  esac
  tar -xf "$to/release.tar" -C "$to"
  rm "$to/release.tar"
}

build() {
  source=$(cd "$(dirname "$0")/../.." && pwd)
  if ! command -v meson >/dev/null; then
    as_root apt-get update
    as_root apt-get install -y g++ meson ninja-build pkg-config libabsl-dev libseccomp-dev libspdlog-dev \
      nlohmann-json3-dev
  fi
  meson setup --buildtype=release -Dtests=false --prefix="$to" "$to/build" "$source"
  ninja -C "$to/build"
  meson install -C "$to/build" --no-rebuild
}

if [ -n "${RELEASE:-}" ]; then unpack; else build; fi >&2

for command in "$to"/bin/anysplice "$to"/*/bin/anysplice "$to"/*/*/bin/anysplice; do
  if [ -x "$command" ]; then
    dirname "$command"
    exit
  fi
done
echo "install.sh: there is no bin/anysplice in $to" >&2
exit 1
