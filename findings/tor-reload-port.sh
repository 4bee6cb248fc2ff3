#!/usr/bin/env bash
# tor ends when a reload names a port that is taken, although it knows that before anything has changed.
#
# Guess: SIGHUP with a SocksPort that cannot be bound is refused, with a warning, and tor goes on with the configuration that it has,
# as it does for a value that is out of range when the control port sets it.
# Behaviour: it says "Failed to parse/validate config: Failed to bind one of the listener ports", gives up the restart and exits
# with 1, with all its circuits. The SocksPort that was there before, and would have stayed, goes along.
# Version: tor 0.4.9.11-0+deb12u1 of Debian 12 (as root, in a network namespace of its own, without any network).
# Seen:
#   start: 127.0.0.1:7000
#   SocksPort 7001 added, SIGHUP: 127.0.0.1:7000 127.0.0.1:7001
#   SocksPort 7002 added, which is taken, SIGHUP: ended with 1
#   Failed to parse/validate config: Failed to bind one of the listener ports.
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v ss >/dev/null && command -v python3 >/dev/null || lacks 'needs iproute2 and python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'
version=0.4.9.11-0+deb12u1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download tor=$version libevent-2.1-7 libseccomp2 >apt.log 2>&1 || lacks "needs Debian's tor $version"
for deb in *.deb; do dpkg -x "$deb" .; done
export LD_LIBRARY_PATH=$tmp/usr/lib/$(uname -m)-linux-gnu
usr/bin/tor --version >version.log 2>&1 || lacks 'needs the libraries of tor'
head -n 1 version.log

seen=$(unshare --net bash -eu <<'SH'
ip link set lo up
configure() { printf 'DataDirectory %s/data\nLog notice file %s/log\n' "$PWD" "$PWD" >torrc; printf 'SocksPort %s\n' "$@" >>torrc; }
listens() { ss -Hltn | awk '{print $4}' | sort -u | paste -sd' '; }
until_so() { for _ in $(seq 150); do ! "$@" || return 0; sleep 0.1; done; }
listening() { ss -Hltn sport = "$1" | grep -q .; }
configure 7000
usr/bin/tor -f torrc >/dev/null 2>&1 &
tor=$!
trap 'kill $tor 2>/dev/null || :' EXIT
until_so listening 7000
sleep 1
echo "start: $(listens)"
configure 7000 7001
kill -HUP $tor
until_so listening 7001
echo "SocksPort 7001 added, SIGHUP: $(listens)"
python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 7002)); time.sleep(60)' &
holder=$!
until_so listening 7002
configure 7000 7001 7002
kill -HUP $tor
status=0
wait $tor || status=$?
kill $holder
echo "SocksPort 7002 added, which is taken, SIGHUP: ended with $status"
sed -n 's/.*\(Failed to parse.*\)/\1/p' log
SH
)
echo "$seen"
[ "$seen" = 'start: 127.0.0.1:7000
SocksPort 7001 added, SIGHUP: 127.0.0.1:7000 127.0.0.1:7001
SocksPort 7002 added, which is taken, SIGHUP: ended with 1
Failed to parse/validate config: Failed to bind one of the listener ports.' ]
