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
. "$(dirname "$(readlink -f "$0")")/containers/here.bash"
version=20.10.24+dfsg1-1+deb12u1+b6

seen=$(inside bookworm "docker.io=$version,iptables" <<'IN'
dockerd --userland-proxy=false
mkdir /image
echo container >/image/index.html
image docker
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
)
echo "docker $version"
echo "$seen"
[ "$seen" = 'listens: 0.0.0.0:7000 of dockerd
a visitor: container
the rules are flushed, a visitor: connected, no answer within 3 s
the container is removed: nobody listens' ]
