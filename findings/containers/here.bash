# For the findings that read this: `inside SUITE PACKAGE=VERSION[,PACKAGE]...` makes a root directory of Debian's packages alone, and runs what
# comes on stdin there, as root of namespaces of its own: a container engine finds an empty store, a cgroup tree, and no network but lo.
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v mmdebstrap >/dev/null || lacks 'needs mmdebstrap'

tmp=$(mktemp -d)
trap 'rm -rf --one-file-system "$tmp"' EXIT

inside() {
	local site
	site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
	mmdebstrap --quiet --variant=minbase --include="$2,iproute2,busybox-static,python3-minimal" "$1" "$tmp/root" "$site" >"$tmp/log" 2>&1 ||
		lacks "needs Debian's ${2%%,*}"
	{ prologue && cat; } >"$tmp/root/script"
	unshare --mount --pid --fork --net --cgroup bash -eu -c '
		mount -t tmpfs none /mnt # for layers and sockets. podman makes its layers in a chroot, whose / has to be a mount point
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
		mkdir old
		pivot_root . old # from a chroot nobody makes a user namespace, as a rootless engine does
		cd /
		umount -l /old
		exec bash -eu /script' - "$tmp/root" </dev/null 2>"$tmp/log" || lacks "${2%%,*} does not run: $(tail -n 1 "$tmp/log")"
}

# What the scripts have in there, beside the engine.
prologue() {
	cat <<'IN'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
until_so() { for _ in $(seq 300); do ! "$@" >/dev/null 2>&1 || return 0; sleep 0.1; done; echo "in vain: $*" >&2; exit 1; }
podman() { command podman --storage-driver=vfs --events-backend=file --cgroup-manager=cgroupfs "$@"; }
# dockerd FLAG...: starts it, as $daemon, and waits until it answers.
dockerd() {
	command dockerd --storage-driver=vfs --exec-opt native.cgroupdriver=cgroupfs "$@" >>/dockerd 2>&1 &
	daemon=$!
	until_so docker version
}
# as_ann: runs what comes on stdin as an ordinary user, with the functions that are here.
as_ann() {
	useradd --create-home --uid 1000 ann
	echo ann:100000:65536 | tee /etc/subuid >/etc/subgid
	mkdir -p /run/user/1000 /dev/net
	chown ann /run/user/1000
	[ -e /dev/net/tun ] || mknod -m 666 /dev/net/tun c 10 200
	{ declare -f; cat; } >/ann
	XDG_RUNTIME_DIR=/run/user/1000 HOME=/home/ann exec setpriv --reuid ann --regid ann --init-groups bash -eu -c 'cd; . /ann'
}
# image ENGINE [FOLDER]: makes image:1 of busybox and of what else is in a folder, /image without one.
image() {
	local folder=${2:-/image}
	mkdir -p "$folder"
	cp /bin/busybox "$folder"
	tar -C "$folder" -c . | "$1" import - image:1 >/dev/null
}
IN
}
