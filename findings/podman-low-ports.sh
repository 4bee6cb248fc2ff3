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
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v mmdebstrap >/dev/null || lacks 'needs mmdebstrap'
version=5.4.2+ds1-2+b2

tmp=$(mktemp -d)
trap 'rm -rf --one-file-system "$tmp"' EXIT
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
mmdebstrap --quiet --variant=minbase --include="podman=$version,crun,netavark,nftables,busybox-static" trixie "$tmp/root" "$site" >"$tmp/log" 2>&1 ||
	lacks "needs Debian's podman $version"

seen=$(unshare --mount --pid --fork --net --cgroup bash -s "$tmp/root" 2>"$tmp/log" <<'SH'
set -eu
mount -t tmpfs none /mnt # podman's layers, and none of this machine's
mkdir /mnt/root /mnt/up /mnt/work
mount -t overlay -o "lowerdir=$1,upperdir=/mnt/up,workdir=/mnt/work" none /mnt/root
cd /mnt/root
mount --rbind /dev dev
mount -t proc proc proc
mount -t sysfs none sys
mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs none run
mount -t tmpfs none var/tmp
ip link set lo up
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
exec chroot . bash -eu <<'IN'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
podman() { command podman --storage-driver=vfs --events-backend=file --cgroup-manager=cgroupfs "$@"; }
mkdir /image
cp /bin/busybox /image/
tar -C /image -c . | podman import - image:1 >/dev/null
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
SH
) || lacks "podman does not run: $(tail -n 1 "$tmp/log")"
echo "podman $version"
echo "$seen"
[ "$seen" = 'host 0, podman run: 1024, bind: Permission denied
host 0, podman run --sysctl: 0, listens
host 0, podman run --network host: 0, listens' ]
