#!/usr/bin/env bash
# Bun.serve() and Bun's node:http go on with IPv4 alone, in silence, when the port is taken on ::1; Node.js, and Bun's own node:net, fail.
#
# Guess: without a host a server listens on [::] for both families, and bind() fails as soon as one of the addresses is taken, as in
# Node.js; "listening" is never said of half of a port.
# Behaviour: when [::] cannot be bound, Bun tries 0.0.0.0 in its place, and that succeeds where only IPv6 is taken. The program sees
# no error and the port that it has asked for. Whoever connects to "localhost", which is ::1 first for most clients, reaches
# the other program. Where 127.0.0.1 is taken, or the host "::" was given, the same call throws EADDRINUSE.
# Version: bun 1.4.4 (as root, in a network namespace of its own; with the node that is there).
# Seen:
#   bun serve: nothing taken: *; ::1 taken: 0.0.0.0; 127.0.0.1 taken: EADDRINUSE
#   bun serve ::: nothing taken: *; ::1 taken: EADDRINUSE; 127.0.0.1 taken: EADDRINUSE
#   bun http: nothing taken: *; ::1 taken: 0.0.0.0; 127.0.0.1 taken: EADDRINUSE
#   bun net: nothing taken: *; ::1 taken: EADDRINUSE; 127.0.0.1 taken: EADDRINUSE
#   node http: nothing taken: *; ::1 taken: EADDRINUSE; 127.0.0.1 taken: EADDRINUSE
#   bun serve, ::1 taken, said: listening on 7000; a visitor of localhost is answered by: the other
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v node >/dev/null && command -v npm >/dev/null || lacks 'needs node and npm'
command -v ss >/dev/null && command -v python3 >/dev/null || lacks 'needs iproute2 and python3'
unshare --net --mount true 2>/dev/null || lacks 'needs namespaces'
case $(uname -m) in x86_64) package=@oven/bun-linux-x64-baseline ;; aarch64) package=@oven/bun-linux-aarch64 ;; *) lacks 'needs x86-64 or arm64' ;; esac

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
npm install --silent --no-fund --no-audit $package@1.4.4 >npm.log 2>&1 || lacks 'needs bun 1.4.4'
export bun=$tmp/node_modules/$package/bin/bun
"$bun" --version >version.log 2>&1 || lacks "bun does not start: $(tail -n 1 version.log)"
echo "bun $(cat version.log), node $(node --version)"

cat >program.js <<'JS'
const [what, hostname] = process.argv.slice(2)
const fail = e => { console.log(e.code); process.exit(1) }
const up = port => console.log('listening on ' + port)
try {
  if (what === 'serve') up(Bun.serve({ port: 7000, hostname, fetch: () => new Response('bun') }).port)
  else {
    const server = require('node:' + what).createServer()
    server.on('error', fail).listen(7000, () => up(server.address().port))
  }
} catch (e) { fail(e) }
JS
printf '::1 localhost\n127.0.0.1 localhost\n' >hosts
seen=$(unshare --net --mount bash -eu <<'SH'
ip link set lo up
mount --bind hosts /etc/hosts
trap 'kill $(jobs -p) 2>/dev/null || :; wait' EXIT
until_so() { for _ in $(seq 300); do ! "$@" || return 0; sleep 0.1; done; }
hold() {
	python3 -c 'import socket, sys, time
s = socket.create_server((sys.argv[1], 7000), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
open("held", "w")
while True:
    with s.accept()[0] as visitor:
        visitor.recv(4096)
        visitor.sendall(b"HTTP/1.0 200 OK\r\n\r\nthe other")' "$1" 2>/dev/null &
	holder=$!
	until_so [ -e held ]
	rm held
}
end() { kill "$1" 2>/dev/null || :; wait "$1" 2>/dev/null || :; }
# run COMMAND...: starts it and waits for its line.
run() {
	rm -f out
	"$@" >out 2>&1 &
	program=$!
	until_so [ -s out ]
}
# one COMMAND...: where it listens, or its error.
one() {
	run "$@"
	if grep -q listening out; then
		ss -Hltnp sport = 7000 | grep pid=$program, | awk '{sub(/:7000$/, "", $4); print $4}'
	else
		cat out
	fi
	end $program
}
# look NAME COMMAND...
look() {
	local name=$1 text taken
	shift
	text="nothing taken: $(one "$@")"
	for taken in ::1 127.0.0.1; do
		hold $taken
		text+="; $taken taken: $(one "$@")"
		end $holder
	done
	echo "$name: $text"
}
look 'bun serve' "$bun" program.js serve
look 'bun serve ::' "$bun" program.js serve ::
look 'bun http' "$bun" program.js http
look 'bun net' "$bun" program.js net
look 'node http' node program.js http
hold ::1
run "$bun" program.js serve
echo "bun serve, ::1 taken, said: $(cat out); a visitor of localhost is answered by: $(python3 -c '
import urllib.request
print(urllib.request.urlopen("http://localhost:7000/").read().decode())')"
end $program
SH
)
echo "$seen"
[ "$seen" = 'bun serve: nothing taken: *; ::1 taken: 0.0.0.0; 127.0.0.1 taken: EADDRINUSE
bun serve ::: nothing taken: *; ::1 taken: EADDRINUSE; 127.0.0.1 taken: EADDRINUSE
bun http: nothing taken: *; ::1 taken: 0.0.0.0; 127.0.0.1 taken: EADDRINUSE
bun net: nothing taken: *; ::1 taken: EADDRINUSE; 127.0.0.1 taken: EADDRINUSE
node http: nothing taken: *; ::1 taken: EADDRINUSE; 127.0.0.1 taken: EADDRINUSE
bun serve, ::1 taken, said: listening on 7000; a visitor of localhost is answered by: the other' ]
