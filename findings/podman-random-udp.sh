#!/usr/bin/env bash
# For a UDP port that it picks by itself, podman asks the kernel for a TCP port.
#
# Guess: `podman run -p 53/udp` is given a host port that is free in UDP, and what TCP has does not matter.
# Behaviour: podman listens on TCP port 0, and publishes that number in UDP. One that a UDP socket has is handed out, and the container stays
# "Created"; one that a TCP socket has is not, though it is free in UDP: with no other left podman says that there is no TCP port.
# ip_local_reserved_ports and ip_local_port_range are heeded, as in any bind() to port 0.
# Version: podman 5.4.2+ds1-2+b2 of Debian 13 (as root, in namespaces of its own, where 40003 is the only port to be picked).
# Seen:
#   40003 taken in UDP: Error: cannot listen on the UDP port: listen udp4 :40003: bind: address already in use; Created
#   40003 taken in TCP: Error: unable to get free TCP port: listen tcp :0: bind: address already in use
#   40003 free: 0.0.0.0:40003->53/udp
. "$(dirname "$(readlink -f "$0")")/containers/here.bash"
version=5.4.2+ds1-2+b2

seen=$(inside trixie "podman=$version,crun,netavark,nftables" <<'IN'
image podman
echo 40000 40003 >/proc/sys/net/ipv4/ip_local_port_range
echo 40000-40002 >/proc/sys/net/ipv4/ip_local_reserved_ports
publish() { podman run -d --cgroups=disabled --name web -p 53/udp image:1 /busybox sleep 1000 2>&1 | grep Error || true; }
taken() { # by a program that has it in a protocol
	python3 -c "
import socket, time
s = socket.socket(type=socket.$1)
s.bind(('', 40003))
time.sleep(100)" &
	until_so sh -c "ss -Hntula sport = 40003 | grep ."
}
let_go() {
	kill %%
	wait %% 2>/dev/null || true
	podman rm --all --force --time 0 >/dev/null
}

taken SOCK_DGRAM
echo "40003 taken in UDP: $(publish); $(podman ps --all --format '{{.Status}}')"
let_go
taken SOCK_STREAM
echo "40003 taken in TCP: $(publish)"
let_go
publish
echo "40003 free: $(podman ps --format '{{.Ports}}')"
podman rm --all --force --time 0 >/dev/null
IN
)
echo "podman $version"
echo "$seen"
[ "$seen" = '40003 taken in UDP: Error: cannot listen on the UDP port: listen udp4 :40003: bind: address already in use; Created
40003 taken in TCP: Error: unable to get free TCP port: listen tcp :0: bind: address already in use
40003 free: 0.0.0.0:40003->53/udp' ]
