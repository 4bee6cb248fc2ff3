#!/usr/bin/env bash
# A dovecot whose reload names a port that is taken closes the old port as well, stays up, and does not look again.
#
# Guess: "doveadm reload" (SIGHUP) with a port that cannot be bound leaves the listener that is there; the master logs an error and goes
# on with the old settings.
# Behaviour: it logs the error and goes on with the new settings: the old port is closed, nobody listens, and the master is alive
# and "active". When the port is free again it does not take it; another reload does.
# Version: dovecot-core 1:2.3.19.1+dfsg1-2.1+deb12u6 of Debian 12 (as root, in namespaces of its own).
# Seen:
#   start: 127.0.0.1:7000
#   port 7001, which is taken, reload: none, alive
#   Error: service(imap-login): listen(127.0.0.1, 7001) failed: Address already in use
#   the port is free again, 10 s later: none, alive
#   another reload: 127.0.0.1:7001, alive
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v ss >/dev/null && command -v python3 >/dev/null || lacks 'needs iproute2 and python3'
version=1:2.3.19.1+dfsg1-2.1+deb12u6

tmp=$(mktemp -d)
trap 'umount "$tmp/root" "$tmp/over" 2>/dev/null || :; rm -rf --one-file-system "$tmp"' EXIT
cd "$tmp"
apt-get -q download dovecot-core=$version dovecot-imapd=$version libunwind8 >apt.log 2>&1 || lacks "needs Debian's dovecot $version"

# Its programs have fixed paths: they are laid over this machine's root directory, which is not written.
mkdir over root
mount -t tmpfs -o mode=755 none over || lacks 'needs the right to mount'
for deb in *.deb; do dpkg -x "$deb" over; done
[ ! -e over/lib ] || { cp -a over/lib over/usr/ && rm -rf over/lib; }
mkdir -p over/look/run
mount -t overlay -o "lowerdir=$tmp/over:/" overlay root 2>/dev/null || lacks 'needs overlayfs'
unshare --mount sh -c 'mount --bind /dev root/dev && chroot root dovecot --version' >version.log 2>&1 || lacks 'needs the libraries of dovecot'
echo "dovecot $(cat version.log)"

seen=$(unshare --net --mount bash -eu <<'SH'
ip link set lo up
mount --bind /dev root/dev
mount -t tmpfs none root/look
mkdir root/look/run
configure() {
	cat >root/look/conf <<-CONF
		protocols = imap
		base_dir = /look/run
		log_path = /look/log
		ssl = no
		listen = 127.0.0.1
		default_internal_user = nobody
		default_internal_group = nogroup
		default_login_user = nobody
		service imap-login {
		  inet_listener imap {
		    port = $1
		  }
		  inet_listener imaps {
		    port = 0
		  }
		}
	CONF
}
state() {
	sleep 2
	local listens
	listens=$(ss -Hltn | awk '{print $4}' | sort -u | paste -sd' ')
	echo "${listens:-none}$(kill -0 $dovecot 2>/dev/null || echo , gone)"
}
until_so() { for _ in $(seq 150); do ! "$@" 2>/dev/null || return 0; sleep 0.1; done; }
listening() { ss -Hltn sport = "$1" | grep -q .; }
configure 7000
chroot root dovecot -F -c /look/conf >/dev/null 2>&1 &
dovecot=$!
trap 'kill $dovecot 2>/dev/null || :; wait' EXIT
until_so listening 7000
echo "start: $(state)"
python3 -c 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", 7001)); print(flush=True); time.sleep(100)' >bound &
holder=$!
until_so test -s bound
configure 7001
kill -HUP $dovecot
until_so grep -q 'failed: Address already in use' root/look/log
echo "port 7001, which is taken, reload: $(state), alive"
sed -n 's/.*\(Error: service.*\)/\1/p' root/look/log
kill $holder
sleep 8
echo "the port is free again, 10 s later: $(state), alive"
kill -HUP $dovecot
until_so listening 7001
echo "another reload: $(state), alive"
SH
)
echo "$seen"
[ "$seen" = 'start: 127.0.0.1:7000
port 7001, which is taken, reload: none, alive
Error: service(imap-login): listen(127.0.0.1, 7001) failed: Address already in use
the port is free again, 10 s later: none, alive
another reload: 127.0.0.1:7001, alive' ]
