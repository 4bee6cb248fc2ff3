#!/usr/bin/env bash
# ssh -L, -D and -R go on with IPv6 alone when the port is taken in IPv4, with ExitOnForwardFailure=yes as well.
#
# Guess: ExitOnForwardFailure=yes is there to end ssh when a port cannot be had, and 127.0.0.1 and ::1 are both asked for.
# Behaviour: a forward counts as made if one of its addresses could be bound. Of -L and -D with a loopback address ssh says that the
# other could not; of -L '*:PORT' and of -R it says nothing, and sshd's log has nothing either. Neither tries again. Whoever connects
# to 127.0.0.1, as most clients do, reaches the other program, or is refused.
# Version: openssh-server, openssh-client 1:9.2p1 of Debian 12 (as root, in a network namespace of its own; an outgoing connection of
# 127.0.0.1 has the port).
# Seen:
#   nothing taken, -L 7000: 127.0.0.1 [::1], goes on; said: nothing
#   -L 7000: [::1], goes on; said: bind [127.0.0.1]:7000: Address already in use
#   -D 7000: [::1], goes on; said: bind [127.0.0.1]:7000: Address already in use
#   -L *:7000: [::], goes on; said: nothing
#   -R 7000: [::1], goes on; said: nothing
#   the same in IPv4 alone, -L 127.0.0.1:7000: nobody listens, ends with 255
#   errors in sshd's log: 0
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v ss >/dev/null && command -v python3 >/dev/null || lacks 'needs iproute2 and python3'
unshare --net --mount true 2>/dev/null || lacks 'needs namespaces'
version=$(apt-cache madison openssh-server 2>/dev/null | awk '$3 ~ /^1:9\.2p1-/ {print $3; exit}')
[ -n "$version" ] || lacks "needs Debian's openssh 9.2p1"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download openssh-server="$version" openssh-client="$version" libwrap0 libnsl2 >apt.log 2>&1 || lacks "needs Debian's openssh $version"
for deb in *.deb; do dpkg -x "$deb" .; done
export LD_LIBRARY_PATH=$tmp/usr/lib/$(uname -m)-linux-gnu:$tmp/lib/$(uname -m)-linux-gnu
usr/bin/ssh -V 2>version.log || lacks 'needs the libraries of openssh'
cut -d, -f1 version.log
usr/bin/ssh-keygen -q -t ed25519 -N '' -f key
cp key.pub authorized
cat >conf <<CONF
Port 2222
ListenAddress 127.0.0.1
HostKey $tmp/key
AuthorizedKeysFile $tmp/authorized
StrictModes no
PidFile none
UsePAM no
CONF
printf '127.0.0.1 localhost\n::1 localhost\n' >hosts

seen=$(unshare --net --mount bash -eu <<'SH'
ip link set lo up
mount --bind hosts /etc/hosts
mount -t tmpfs none /run
mkdir /run/sshd
trap 'kill $(jobs -p) 2>/dev/null || :; wait' EXIT
until_so() { for _ in $(seq 300); do ! "$@" || return 0; sleep 0.1; done; }
has() { ss -Htanp sport = "$1" | grep -q "$2"; }
gone() { ! kill -0 "$ssh" 2>/dev/null; }
settled() { gone || [ -e up ]; }
"$PWD/usr/sbin/sshd" -D -E sshd.log -f conf &
until_so has 2222 sshd
# look NAME FORWARD...: where it listens, and what it says. The local command is run once all forwards are made.
look() {
	local name=$1 status=0 all
	shift
	rm -f up
	usr/bin/ssh -F none -p 2222 -i key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=INFO \
		-o ExitOnForwardFailure=yes "$@" 127.0.0.1 'echo up; sleep 100' >up.out 2>said &
	ssh=$!
	until_so eval 'gone || grep -q up up.out'
	all=$(ss -Hltn sport = 7000 | awk '{sub(/:7000$/, "", $4); print $4}' | sort | paste -sd' ')
	if gone; then
		wait $ssh || status=$?
		echo "$name: ${all:-nobody listens}, ends with $status"
		return
	fi
	echo "$name: ${all:-nobody listens}, goes on; said: $(grep -v '^Warning: Permanently added' said | tr -d '\r' | grep . || echo nothing)"
	kill $ssh
	wait $ssh || :
	until_so eval '[ -z "$(ss -Hltn sport = 7000)" ]'
}
look 'nothing taken, -L 7000' -L 7000:127.0.0.1:9
python3 -c '
import socket, time
far = socket.create_server(("127.0.0.1", 9000))
near = socket.create_connection(far.getsockname(), source_address=("127.0.0.1", 7000))
time.sleep(1000)' &
until_so has 7000 python
look '-L 7000' -L 7000:127.0.0.1:9
look '-D 7000' -D 7000
look '-L *:7000' -L '*:7000:127.0.0.1:9'
look '-R 7000' -R 7000:127.0.0.1:9
look 'the same in IPv4 alone, -L 127.0.0.1:7000' -L 127.0.0.1:7000:127.0.0.1:9
echo "errors in sshd's log: $(grep -ciE 'bind|error|in use' sshd.log || :)"
SH
)
echo "$seen"
[ "$seen" = "nothing taken, -L 7000: 127.0.0.1 [::1], goes on; said: nothing
-L 7000: [::1], goes on; said: bind [127.0.0.1]:7000: Address already in use
-D 7000: [::1], goes on; said: bind [127.0.0.1]:7000: Address already in use
-L *:7000: [::], goes on; said: nothing
-R 7000: [::1], goes on; said: nothing
the same in IPv4 alone, -L 127.0.0.1:7000: nobody listens, ends with 255
errors in sshd's log: 0" ]
