# Sourced by demo.sh, package.sh and test.sh: the Debian packages they need, and how to get them.

# (dpkg-dev: without it meson does not know Debian's folder for libraries.)
build_packages=(g++ dpkg-dev meson ninja-build pkg-config libabsl-dev libseccomp-dev libspdlog-dev
                nlohmann-json3-dev catch2 liburing-dev)
demo_packages=(fio haproxy python3 curl)
# The programs of tests/e2e.
test_packages=("${demo_packages[@]}" cmake stress-ng pv strace nginx-light vsftpd ruby runsc
               busybox-static golang-go)
# tools/check_format.py; later systems have no package of that version.
! grep -qsx VERSION_CODENAME=bookworm /etc/os-release || test_packages+=(clang-format-14)

# Installs packages, asking nothing and starting no service. Its output is in the file LOG.
apt_install() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy  # dpkg leaves haproxy and nginx stopped
    chmod +x $policy
  fi
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -q update && apt-get -qy install --no-install-recommends "$@"; } >"$LOG" 2>&1 </dev/null
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
