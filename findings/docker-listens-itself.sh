#!/usr/bin/env bash
# With "userland-proxy": false dockerd itself listens on every published port, and never accepts.
#
# Guess: without docker-proxy a published port is the firewall's alone: no process has it, and it is in no table of sockets.
# Behaviour: dockerd binds and listens, so that nobody else gets the port, and leaves the socket at that. The firewall's rules take visitors
# to the container before they reach it; when these are gone, after a flush by another firewall, connections come about, and hang.
# Version: docker.io 20.10.24+dfsg1-1+deb12u1+b6 of Debian 12 (as root, in namespaces of its own).
# Seen:
#   listens: 0.0.0.0:7000 of dockerd
#   a visitor: container
#   the rules are flushed, a visitor: connected, no answer within 3 s
#   the container is removed: nobody listens
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v mmdebstrap >/dev/null || lacks 'needs mmdebstrap'
version=20.10.24+dfsg1-1+deb12u1+b6

tmp=$(mktemp -d)
trap 'rm -rf --one-file-system "$tmp"' EXIT
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
mmdebstrap --quiet --variant=minbase --include="docker.io=$version,iptables,iproute2,busybox-static,python3-minimal" \
	bookworm "$tmp/root" "$site" >"$tmp/log" 2>&1 || lacks "needs Debian's docker.io $version"

seen=$(unshare --mount --pid --fork --net --cgroup bash -s "$tmp/root" 2>"$tmp/log" <<'SH'
set -eu
mount -t tmpfs none /mnt # docker's layers and sockets, and none of this machine's
mkdir /mnt/root /mnt/up /mnt/work
mount -t overlay -o "lowerdir=$1,upperdir=/mnt/up,workdir=/mnt/work" none /mnt/root
cd /mnt/root
for directory in /sys /dev; do mount --rbind $directory ".$directory"; done
mount -t proc proc proc
mount -t tmpfs none run
ip link set lo up
exec chroot . bash -eu <<'IN'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
until_so() { for _ in $(seq 300); do ! "$@" >/dev/null 2>&1 || return 0; sleep 0.1; done; echo "in vain: $*" >&2; exit 1; }
command dockerd --userland-proxy=false --storage-driver=vfs --exec-opt native.cgroupdriver=cgroupfs >/dockerd 2>&1 &
daemon=$!
until_so docker version
mkdir -p /image
cp /bin/busybox /image/
echo container >/image/index.html
tar -C /image -c . | docker import - image:1 >/dev/null
docker run -d --name look -p 7000:80 image:1 /busybox httpd -f -p 80 -h / >/dev/null
listens() {
	local all
	all=$(ss -Hltnp sport = 7000 | awk '{print $4, $6}' | sed 's/ users:(("\([^"]*\).*/ of \1/')
	echo "${all:-nobody listens}"
}
visit() {
	python3 -c '
import socket
s = socket.create_connection(("127.0.0.1", 7000))
s.settimeout(3)
try:
    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
    answer = b""
    while more := s.recv(4096):
        answer += more
    print(answer.split()[-1].decode())
except TimeoutError:
    print("connected, no answer within 3 s")
'
}
echo "listens: $(listens)"
until_so visit
echo "a visitor: $(visit)"
iptables -t nat -F
echo "the rules are flushed, a visitor: $(visit)"
docker rm -f look >/dev/null
echo "the container is removed: $(listens)"
kill $daemon
wait $daemon || :
IN
SH
) || lacks "docker does not run: $(tail -n 1 "$tmp/log")"
echo "docker $version"
echo "$seen"
[ "$seen" = 'listens: 0.0.0.0:7000 of dockerd
a visitor: container
the rules are flushed, a visitor: connected, no answer within 3 s
the container is removed: nobody listens' ]
