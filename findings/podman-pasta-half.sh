#!/usr/bin/env bash
# An ordinary user's container whose port somebody has on 127.0.0.1 is up all the same, and deaf to IPv4: its pasta goes on with [::] alone.
#
# Guess: `podman run -p 40003:80` fails when 40003 is taken on 127.0.0.1, as it does without IPv6.
# Behaviour: where the host has an IPv6 route pasta listens on both families, with one socket. When that is refused it opens one for each,
# and is content with one of them. podman shows 0.0.0.0:40003 in any case, and says nothing. With --network slirp4netns it fails.
# Version: podman 5.4.2+ds1-2+b2, passt 0.0~git20250503.587980c-2+deb13u1 of Debian 13.
# Seen (what podman shows, and who listens on 40003):
#   nobody has it: 0.0.0.0:40003->80/tcp, *:40003
#   a client of 127.0.0.1 has it: 0.0.0.0:40003->80/tcp, [::]:40003
#   a client of ::1 has it: 0.0.0.0:40003->80/tcp, 0.0.0.0:40003
. "$(dirname "$(readlink -f "$0")")/containers/here.bash"
version=5.4.2+ds1-2+b2

seen=$(inside trixie "podman=$version,passt=0.0~git20250503.587980c-2+deb13u1,crun,netavark,uidmap" <<'IN'
ip link add v0 type veth peer name v1 # pasta wants a network with a way out
ip addr add 192.0.2.1/24 dev v0
ip addr add 2001:db8::1/64 dev v0 nodad
ip link set v0 up
ip link set v1 up
ip route add default via 192.0.2.2
ip -6 route add default via 2001:db8::2 dev v0
as_ann <<'ANN'
image podman image
free() { ! ss -Hltn sport = 40003 | grep -q .; } # pasta ends after its container
look() {
	podman run -d --cgroups=disabled --pids-limit=0 --network pasta --name web -p 40003:80 image:1 /busybox sleep 1000 >/dev/null
	echo "$1: $(podman ps --format '{{.Ports}}'), $(ss -Hltn sport = 40003 | awk '{print $4}')"
	podman rm --all --force --time 0 >/dev/null
	until_so free
}
taken() { # by a client of an address, with that very port
	python3 -c "
import socket, time
server = socket.create_server(('$1', 7000), family=socket.$2)
client = socket.socket(socket.$2)
client.bind(('$1', 40003))
client.connect(('$1', 7000))
time.sleep(100)" &
	until_so sh -c "ss -Htn sport = 40003 | grep ."
	look "a client of $1 has it"
	kill %%
	wait %% 2>/dev/null || true
}
look 'nobody has it'
taken 127.0.0.1 AF_INET
taken ::1 AF_INET6
ANN
IN
)
echo "podman $version"
echo "$seen"
[ "$seen" = 'nobody has it: 0.0.0.0:40003->80/tcp, *:40003
a client of 127.0.0.1 has it: 0.0.0.0:40003->80/tcp, [::]:40003
a client of ::1 has it: 0.0.0.0:40003->80/tcp, 0.0.0.0:40003' ]
