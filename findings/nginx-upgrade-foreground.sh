#!/usr/bin/env bash
# nginx in the foreground ignores SIGUSR2, the signal for an upgrade without a lost connection, as long as its parent lives.
#
# Guess: SIGUSR2 makes any nginx master start the new binary; "daemon off;" only leaves out the fork at the start.
# Behaviour: a master takes a parent that has not changed since it began for the old binary, and itself for the new one that
# must not upgrade before the old one is gone. After daemonizing that cannot be; in the foreground, below a shell, a supervisor
# or a container's init, it is always so. The same process upgrades as soon as its parent has ended.
# Version: nginx 1.22.1-9+deb12u11 of Debian 12.
# Seen:
#   parent alive: signal 12 (SIGUSR2) received, ignoring; upgrades: 0
#   parent gone: signal 12 (SIGUSR2) received, changing binary; upgrades: 1
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
version=1.22.1-9+deb12u11

tmp=$(mktemp -d)
masters() { cat "$tmp"/run/pid "$tmp"/run/pid.oldbin 2>/dev/null || :; }
end() {
	for pid in $(masters); do kill -QUIT "$pid" 2>/dev/null || :; done
	sleep 0.5
	rm -rf "$tmp"
}
trap end EXIT
cd "$tmp"

apt-get -q download nginx=$version >apt.log 2>&1 ||
	lacks "needs Debian's nginx $version"
dpkg -x nginx_*.deb .
nginx=$tmp/usr/sbin/nginx
"$nginx" -v 2>version.log || lacks 'needs the libraries of nginx'
cat version.log

mkdir run
cat >run/conf <<CONF
daemon off;
worker_processes 1;
pid $tmp/run/pid;
events { worker_connections 16; }
http {
	access_log off;
	client_body_temp_path $tmp/run/body;
	proxy_temp_path $tmp/run/proxy;
	fastcgi_temp_path $tmp/run/fastcgi;
	uwsgi_temp_path $tmp/run/uwsgi;
	scgi_temp_path $tmp/run/scgi;
	server { listen unix:$tmp/run/socket; }
}
CONF

# until_so COMMAND...: waits for it, five seconds at most.
until_so() { for _ in $(seq 50); do "$@" && return; sleep 0.1; done; lacks "waited in vain for: $*"; }

# A parent that starts nginx in the foreground, and ends when the file is there.
bash -s "$nginx" "$tmp/run" <<'SH' &
"$1" -p "$2" -c "$2/conf" -e "$2/log" -g "error_log $2/log notice;" &
until [ -e "$2/leave" ]; do sleep 0.1; done
SH
parent=$!
until_so test -s run/pid
until_so grep -q 'start worker process ' run/log
master=$(cat run/pid)

# upgrade: what the master says to SIGUSR2, and how many new binaries it has started.
upgrade() {
	: >run/log
	kill -USR2 "$master"
	until_so grep -q SIGUSR2 run/log
	sleep 1
	sed -n 's/.*: \(signal 12 (SIGUSR2) received\) from [0-9]*\(, .*\)/\1\2/p' run/log | tr '\n' ';'
	echo " upgrades: $(grep -c 'start new binary process' run/log || :)"
}
seen="parent alive: $(upgrade)"
touch run/leave
wait $parent
seen+="
parent gone: $(upgrade)"
echo "$seen"
[ "$seen" = 'parent alive: signal 12 (SIGUSR2) received, ignoring; upgrades: 0
parent gone: signal 12 (SIGUSR2) received, changing binary; upgrades: 1' ]
