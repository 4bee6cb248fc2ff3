#!/usr/bin/env bash
# stunnel ends at a start whose port is taken; at a reload it closes the old port, stays up without any, and tries until it has the new one.
#
# Guess: one or the other: a reload is refused and the old port goes on, or it ends as at the start.
# Behaviour: SIGHUP closes every listener first. When the new port cannot be bound, stunnel reads its file and tries again and again, at
# ever longer intervals, and serves nobody meanwhile. Once the port is free it has it, without being asked.
# Version: stunnel4 3:5.68-2+deb12u1 of Debian 12 (as root, in a network namespace of its own).
# Seen:
#   start, port 7001 taken: ended with 1
#   start: 127.0.0.1:7000
#   accept = 7001, which is taken, SIGHUP: nobody listens, alive
#   15 s later: nobody listens, alive; tried more than five times
#   the port is free again, without a signal: 127.0.0.1:7001
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v ss >/dev/null && command -v python3 >/dev/null || lacks 'needs iproute2 and python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'
version=3:5.68-2+deb12u1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download stunnel4=$version libwrap0 libnsl2 >apt.log 2>&1 || lacks "needs Debian's stunnel4 $version"
for deb in *.deb; do dpkg -x "$deb" .; done
export LD_LIBRARY_PATH=$tmp/usr/lib/$(uname -m)-linux-gnu:$tmp/lib/$(uname -m)-linux-gnu
usr/bin/stunnel4 -version >version.log 2>&1 || lacks 'needs the libraries of stunnel'
sed -n 's/.*\(stunnel [0-9.]*\) .*/\1/p' version.log

seen=$(unshare --net bash -eu <<'SH'
ip link set lo up
configure() { printf 'foreground = yes\npid =\noutput = %s/log\n[look]\nclient = yes\naccept = 127.0.0.1:%s\nconnect = 127.0.0.1:9\n' "$PWD" "$1" >conf; }
listens() {
	local all
	all=$(ss -Hltnp | grep stunnel | awk '{print $4}' | paste -sd' ' || :)
	echo "${all:-nobody listens}"
}
until_so() { for _ in $(seq 300); do ! "$@" || return 0; sleep 0.1; done; }
has() { ss -Hltnp sport = "$1" | grep -q "$2"; }
alive() { kill -0 $stunnel 2>/dev/null && echo alive || echo gone; }
hold() {
	python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 7001)); time.sleep(100)' &
	holder=$!
	until_so has 7001 python
}
trap 'kill $(jobs -p) 2>/dev/null || :' EXIT
hold
configure 7001
status=0
usr/bin/stunnel4 conf >/dev/null 2>&1 || status=$?
echo "start, port 7001 taken: ended with $status"
configure 7000
usr/bin/stunnel4 conf >/dev/null 2>&1 &
stunnel=$!
until_so has 7000 stunnel
sleep 1
echo "start: $(listens)"
configure 7001
: >log
kill -HUP $stunnel
sleep 2
echo "accept = 7001, which is taken, SIGHUP: $(listens), $(alive)"
sleep 15
tries=$(grep -c 'Binding service.*failed' log || :)
echo "15 s later: $(listens), $(alive); tried $([ "$tries" -gt 5 ] && echo more than five || echo "$tries") times"
kill $holder
until_so has 7001 stunnel
echo "the port is free again, without a signal: $(listens)"
SH
)
echo "$seen"
[ "$seen" = 'start, port 7001 taken: ended with 1
start: 127.0.0.1:7000
accept = 7001, which is taken, SIGHUP: nobody listens, alive
15 s later: nobody listens, alive; tried more than five times
the port is free again, without a signal: 127.0.0.1:7001' ]
