#!/usr/bin/env bash
# An ordinary user's container with "--restart always" and a published port stays down for good once it ends: its own pasta still has the port.
#
# Guess: what publishes the port ends with the container, before podman starts it again; with another tenant of the port podman would
# try again as the container's restarts go on.
# Behaviour: pasta, the default for ordinary users since podman 5, notices by itself that the container's network is gone, some hundred ms
# later. podman starts the next one at once: "Failed to bind port 7000 (Address already in use)". That start is the last one;
# the container is "Exited" with the status of its last run. "podman restart" and "run --replace" fail now and then for the same
# reason. With --network slirp4netns it restarts for ever.
# Version: podman 5.4.2+ds1-2+b2, passt 0.0~git20250503.587980c-2+deb13u1, slirp4netns 1.2.1-1.1 of Debian 13.
# Seen (a container that ends after a second, ten seconds later, three tries each):
#   pasta: down for good, restarts: 1
#   slirp4netns: up or on its way, restarts: more than 1
. "$(dirname "$(readlink -f "$0")")/containers/here.bash"
version=5.4.2+ds1-2+b2

seen=$(inside trixie "podman=$version,passt=0.0~git20250503.587980c-2+deb13u1,slirp4netns=1.2.1-1.1,crun,netavark,uidmap" <<'IN'
ip link add v0 type veth peer name v1 # pasta wants a network with a way out
ip addr add 192.0.2.1/24 dev v0
ip link set v0 up
ip link set v1 up
ip route add default via 192.0.2.2
as_ann <<'ANN'
image podman image
look() {
	local down=0 again=0 restarts
	for _ in 1 2 3; do
		podman rm -fa >/dev/null
		sleep 2
		podman run -d --cgroups=disabled --pids-limit=0 --network "$1" --restart always --name look -p 7000:80 image:1 /busybox sleep 1 >/dev/null
		sleep 10
		restarts=$(podman inspect -f '{{.RestartCount}}' look)
		[ "$restarts" -gt 1 ] && again=$((again + 1)) || down=$((down + 1))
	done
	echo "$1: down $down, again $again" >&2
	[ $again = 0 ] && echo "$1: down for good, restarts: 1" || [ $down != 0 ] || echo "$1: up or on its way, restarts: more than 1"
}
look pasta
look slirp4netns
ANN
IN
)
echo "podman $version"
echo "$seen"
[ "$seen" = 'pasta: down for good, restarts: 1
slirp4netns: up or on its way, restarts: more than 1' ]
