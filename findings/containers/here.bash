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
		exec chroot . bash -eu /script' - "$tmp/root" </dev/null 2>"$tmp/log" || lacks "${2%%,*} does not run: $(tail -n 1 "$tmp/log")"
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
# image ENGINE: makes image:1 of busybox and of what else is in /image.
image() {
	mkdir -p /image
	cp /bin/busybox /image/
	tar -C /image -c . | "$1" import - image:1 >/dev/null
}
IN
}
