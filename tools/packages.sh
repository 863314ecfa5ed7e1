# Sourced by demo.sh, package.sh and test.sh: the Debian packages they need, and how to get them.

# (dpkg-dev: without it meson does not know Debian's folder for libraries.)
build_packages=(g++ dpkg-dev meson ninja-build pkg-config libabsl-dev libseccomp-dev libspdlog-dev
                nlohmann-json3-dev catch2 liburing-dev)
demo_packages=(fio haproxy python3 curl)
# The programs of tests/e2e.
test_packages=("${demo_packages[@]}" cmake python3-pytest python3-yaml stress-ng pv strace nginx-light
               vsftpd ruby runsc busybox-static golang-go musl-tools podman runc conmon systemd
               libfuse3-dev fuse3 bindfs lighttpd lua-luv lua5.3 rust-coreutils wrk
               user-mode-linux)
# tools/check_format.py; later systems have no package of that version.
! grep -qsx VERSION_CODENAME=bookworm /etc/os-release || test_packages+=(clang-format-14)

# Reads lines of a word and a percentage, and prints those of each tenth once.
tenths() {
  local what percent of='' last=0
  while read -r what percent; do
    [ "$what" = "$of" ] || { of=$what last=0; }
    [ "$percent" -ge $((last + 10)) ] || continue
    last=$((percent / 10 * 10))
    echo "  $what: $last %"
  done
}

# How far ninja is, whose output this reads.
build_progress() {
  sed -nuE 's/^\[([0-9]+)\/([0-9]+)\].*/\1 \2/p' |
    while read -r done all; do echo building $((100 * done / all)); done | tenths
}

# How far apt-get is, whose status (APT::Status-Fd) this reads.
apt_progress() {
  sed -nuE 's/^dlstatus:[^:]*:([0-9]+).*/downloading \1/p
            s/^pmstatus:[^:]*:([0-9]+).*/installing \1/p' | tenths
}

# Installs packages, asking nothing and starting no service. Its output is in the file LOG.
apt_install() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy  # dpkg leaves haproxy and nginx stopped
    chmod +x $policy
  fi
  export DEBIAN_FRONTEND=noninteractive
  {
    apt-get -q update &&
      apt-get -qy -o APT::Status-Fd=3 install --no-install-recommends "$@" 3> >(apt_progress >&4)
  } 4>&1 >"$LOG" 2>&1 </dev/null
)

# install_packages build|demo|all: installs what is missing of what the build needs, what the demo
# needs too, or what the tests need too.
install_packages() {
  local wanted=("${build_packages[@]}")
  case $1 in
    demo) wanted+=("${demo_packages[@]}") ;;
    all) wanted+=("${test_packages[@]}") ;;
  esac
  install_missing "${wanted[@]}"
}

# install_missing NAME...: installs those of the packages that are not.
install_missing() {
  local missing=() name LOG
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
      missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  echo "Installing ${missing[*]}, and what they need; this takes some minutes"
  LOG=$(mktemp)
  if ! apt_install "${missing[@]}"; then
    tail -20 "$LOG" >&2
    echo "Could not install: ${missing[*]}. This needs Debian 12 or 13 and root." >&2
    return 1
  fi
  rm -f "$LOG"
}
