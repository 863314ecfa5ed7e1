#!/bin/sh
# Run by tools/package.sh, as root, in a Debian of nothing but its base, with the packages in /debs:
# installs them by dpkg alone, and tries them as an ordinary user; then the same with the programs of
# the demo, from the archive; then removes them.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

as_user() {
  setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/tmp "$@"
}

dpkg --install /debs/libanysplice0_*.deb /debs/anysplice_*.deb
works=$(as_user sh /debs/where.sh /usr /debs/cat)
echo "bare: $works"
dpkg --install /debs/*-dbgsym_*.deb
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d  # starts no service
chmod +x /usr/sbin/policy-rc.d
apt-get -q update
apt-get -qy install --no-install-recommends fio pv python3 haproxy curl
works=$(as_user sh /debs/where.sh /usr /debs/cat)
echo "with programs: $works"
dpkg --purge libanysplice0-dbgsym anysplice-dbgsym anysplice libanysplice0
! find /usr /etc -name '*anysplice*' | grep .
echo '-- removed'
