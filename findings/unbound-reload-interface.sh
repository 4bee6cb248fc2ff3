#!/usr/bin/env bash
# unbound's reload takes up a new "interface:" only when "port:" has changed as well, and says nothing of it.
#
# Guess: SIGHUP (and "unbound-control reload") reads the file anew, so that a line "interface: ADDRESS@PORT" that was added is
# listened on afterwards, or a message says why not.
# Behaviour: the listening sockets stay as they are as long as the number in "port:" is the same, whatever the interfaces say, with
# "@PORT" too; status 0, "Restart of unbound", not a word more. Once "port:" is another, all is closed and opened anew, with the
# interfaces of now; where that fails, because somebody has the port, unbound ends.
# Version: unbound 1.17.1-2+deb12u4 of Debian 12 (as root, in a network namespace of its own).
# Seen:
#   start: 127.0.0.1:7000
#   interface 127.0.0.1@7001 added, SIGHUP: 127.0.0.1:7000
#   port 7002 instead of 7000, SIGHUP: 127.0.0.1:7001 127.0.0.1:7002
#   port 7003, which is taken, SIGHUP: ended with 1
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v ss >/dev/null && command -v python3 >/dev/null || lacks 'needs iproute2 and python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'
version=1.17.1-2+deb12u4

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download unbound=$version libevent-2.1-7 libprotobuf-c1 libpython3.11 libnghttp2-14 >apt.log 2>&1 ||
	lacks "needs Debian's unbound $version"
for deb in *.deb; do dpkg -x "$deb" .; done
export LD_LIBRARY_PATH=$tmp/usr/lib/$(uname -m)-linux-gnu
usr/sbin/unbound -V >version.log 2>&1 || lacks 'needs the libraries of unbound'
head -n 1 version.log

seen=$(unshare --net bash -eu <<'SH'
ip link set lo up
configure() {
	cat >conf <<-CONF
		server:
		 do-daemonize: no
		 chroot: ""
		 directory: "$PWD"
		 username: ""
		 use-syslog: no
		 pidfile: "$PWD/pid"
		 port: $1
		 interface: 127.0.0.1
		 ${2:+interface: 127.0.0.1@$2}
	CONF
}
listens() { ss -Hltn | awk '{print $4}' | sort -u | grep -v :7003 | paste -sd' '; }
configure 7000
usr/sbin/unbound -d -c conf 2>log &
unbound=$!
trap 'kill $unbound 2>/dev/null || :' EXIT
# started N: waits until unbound has said so N times.
started() { for _ in $(seq 150); do [ "$(grep -c 'start of service' log)" != "$1" ] || return 0; sleep 0.1; done; }
started 1
echo "start: $(listens)"
configure 7000 7001
kill -HUP $unbound
started 2
echo "interface 127.0.0.1@7001 added, SIGHUP: $(listens)"
configure 7002 7001
kill -HUP $unbound
started 3
echo "port 7002 instead of 7000, SIGHUP: $(listens)"
python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 7003)); time.sleep(60)' &
holder=$!
until ss -Hltn sport = 7003 | grep -q .; do sleep 0.1; done
configure 7003 7001
kill -HUP $unbound
status=0
wait $unbound || status=$?
kill $holder
echo "port 7003, which is taken, SIGHUP: ended with $status"
SH
)
echo "$seen"
[ "$seen" = 'start: 127.0.0.1:7000
interface 127.0.0.1@7001 added, SIGHUP: 127.0.0.1:7000
port 7002 instead of 7000, SIGHUP: 127.0.0.1:7001 127.0.0.1:7002
port 7003, which is taken, SIGHUP: ended with 1' ]
