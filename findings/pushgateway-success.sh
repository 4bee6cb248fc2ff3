#!/usr/bin/env bash
# prometheus-pushgateway ends with status 0 when its port is taken, so that its unit's Restart=on-failure leaves it down.
#
# Guess: it ends with 1, as prometheus, alertmanager and the exporters of the same people do, and systemd tries again.
# Behaviour: it logs "HTTP server stopped" with the error, writes its data, and ends as after a SIGTERM. To systemd that is a success: the
# unit is inactive (dead), not failed, and neither Restart=on-failure nor OnFailure= does anything. Of Debian's servers daphne does the same.
# Version: prometheus-pushgateway 1.5.1-2+b5, beside prometheus-blackbox-exporter 0.23.0-4+b4, of Debian 12 (in a network namespace of its own).
# Seen:
#   pushgateway: status 0, listen tcp :7000: bind: address already in use; Restart=on-failure
#   blackbox-exporter: status 1, listen tcp :7000: bind: address already in use
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v ss >/dev/null && command -v python3 >/dev/null || lacks 'needs iproute2 and python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
for package in prometheus-pushgateway=1.5.1-2+b5 prometheus-blackbox-exporter=0.23.0-4+b4; do
	apt-get -q download "$package" >apt.log 2>&1 || lacks "needs Debian's $package"
done
for deb in *.deb; do dpkg -x "$deb" .; done

seen=$(unshare --net bash -eu <<'SH'
ip link set lo up
python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 7000)); time.sleep(100)' &
holder=$!
trap 'kill $holder' EXIT
for _ in $(seq 100); do ! ss -Hltn sport = 7000 | grep -q . || break; sleep 0.1; done
# ends NAME FLAG...: with what, and what it said.
ends() {
	local name=$1 status=0
	shift
	timeout 20 "usr/bin/prometheus-$name" --web.listen-address=:7000 "$@" >log 2>&1 || status=$?
	echo "$name: status $status, $(sed -n 's/.*err="\(.*\)"$/\1/p' log)"
}
echo "$(ends pushgateway); $(grep -h ^Restart= lib/systemd/system/prometheus-pushgateway.service)"
ends blackbox-exporter --config.file=etc/prometheus/blackbox.yml
SH
)
echo "$seen"
[ "$seen" = 'pushgateway: status 0, listen tcp :7000: bind: address already in use; Restart=on-failure
blackbox-exporter: status 1, listen tcp :7000: bind: address already in use' ]
