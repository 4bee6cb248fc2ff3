#!/usr/bin/env bash
# In a container of podman's an ordinary user may not bind port 80, as he may in one of docker's.
#
# Guess: an image with USER app that serves on port 80 runs with podman as it does with docker: since 20.10 docker sets
# net.ipv4.ip_unprivileged_port_start=0 in every container with a network of its own, and podman does what docker does.
# Behaviour: podman leaves the sysctl at the kernel's 1024, for root's containers and for other users'; bind() fails with "Permission
# denied". --sysctl net.ipv4.ip_unprivileged_port_start=0 allows it. What the host has set does not count within.
# Version: podman 5.4.2+ds1-2+b2 of Debian 13 (as root, in namespaces of its own); docker.io 20.10.24 of Debian 12 has 0.
# Seen:
#   host 0, podman run: 1024, bind: Permission denied
#   host 0, podman run --sysctl: 0, listens
#   host 0, podman run --network host: 0, listens
. "$(dirname "$(readlink -f "$0")")/containers/here.bash"
version=5.4.2+ds1-2+b2

seen=$(inside trixie "podman=$version,crun,netavark,nftables" <<'IN'
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
image podman
# binds FLAG...: the sysctl in a container, and what becomes of bind() there.
binds() {
	podman run --rm --cgroups=disabled --user 1000 "$@" image:1 /busybox sh -c '
		cat /proc/sys/net/ipv4/ip_unprivileged_port_start
		/busybox timeout 2 /busybox httpd -f -p 80 2>&1 || [ $? != 143 ] || echo listens' |
		sed '/^Terminated$/d; s/^httpd: //' | paste -sd, | sed 's/,/, /'
}
echo "host 0, podman run: $(binds)"
echo "host 0, podman run --sysctl: $(binds --sysctl net.ipv4.ip_unprivileged_port_start=0)"
echo "host 0, podman run --network host: $(binds --network host)"
IN
)
echo "podman $version"
echo "$seen"
[ "$seen" = 'host 0, podman run: 1024, bind: Permission denied
host 0, podman run --sysctl: 0, listens
host 0, podman run --network host: 0, listens' ]
