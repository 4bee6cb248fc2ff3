#!/usr/bin/env bash
# A second caddy starts beside the first, on the same port and with the same admin port, and both serve.
#
# Guess: the second one ends with "address already in use", at its port or at the latest at the admin endpoint on localhost:2019, which exists
# to be asked by one name.
# Behaviour: caddy sets SO_REUSEPORT on every listener, the admin endpoint's included. Of two that one user has started each gets a
# part of the visitors, with its own configuration; "caddy reload" and "caddy stop" reach one of them, whichever the kernel picks.
# Nothing is said in either log.
# Version: caddy 2.6.2-5 of Debian 12 (as root, in a network namespace of its own).
# Seen:
#   ports: *:7000 twice, 127.0.0.1:2019 twice
#   40 visitors: first and second
#   40 questions to the admin endpoint: first and second
#   errors in their logs: 0
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v ss >/dev/null && command -v python3 >/dev/null || lacks 'needs iproute2 and python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'
version=2.6.2-5

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download caddy=$version >apt.log 2>&1 || lacks "needs Debian's caddy $version"
dpkg -x caddy_*.deb .
export HOME=$tmp XDG_DATA_HOME=$tmp XDG_CONFIG_HOME=$tmp
usr/bin/caddy version >version.log 2>&1 || lacks 'needs the libraries of caddy'
echo "caddy $(cat version.log)"

seen=$(unshare --net bash -eu <<'SH'
ip link set lo up
trap 'kill $(jobs -p) 2>/dev/null || :; wait' EXIT
# listeners PORT: the one address that listens there, and how often.
listeners() { ss -Hltn sport = "$1" | awk '{print $4}' | sort | uniq -c | awk '{print $2, $1 == 2 ? "twice" : $1}'; }
n=0
for name in first second; do
	n=$((n + 1))
	printf ':7000 {\n\trespond "%s"\n}\n' $name >$name
	usr/bin/caddy run --config $name --adapter caddyfile >$name.log 2>&1 &
	for _ in $(seq 100); do [ "$(ss -Hltn sport = 7000 | wc -l)" != $n ] || break; sleep 0.1; done
done
sleep 1
echo "ports: $(listeners 7000), $(listeners 2019)"
# answers URL: which of the two have answered forty times.
answers() {
	python3 - "$1" <<-'PY'
		import sys, urllib.request
		said = {urllib.request.urlopen(sys.argv[1]).read().decode() for _ in range(40)}
		print(" and ".join(name for name in ("first", "second") if any(name in text for text in said)))
	PY
}
echo "40 visitors: $(answers http://127.0.0.1:7000/)"
echo "40 questions to the admin endpoint: $(answers http://localhost:2019/config/)"
echo "errors in their logs: $(cat first.log second.log | grep -c '"level":"error"' || :)"
SH
)
echo "$seen"
[ "$seen" = 'ports: *:7000 twice, 127.0.0.1:2019 twice
40 visitors: first and second
40 questions to the admin endpoint: first and second
errors in their logs: 0' ]
