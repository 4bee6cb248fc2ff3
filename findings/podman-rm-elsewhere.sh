#!/usr/bin/env bash
# podman keeps the containers of "run --rm" in another file than all others, since some release between 4.3 and 5.4.
#
# Guess: a container is in containers.json of the store, whether it will be removed in the end or not; what looks a name up by its id
# finds it there.
# Behaviour: one with --rm is in volatile-containers.json beside it, from its creation on, and in no other; a reader of containers.json
# alone sees no such container. podman 4.3.1 of Debian 12 has both in containers.json.
# Version: podman 5.4.2+ds1-2+b2 of Debian 13 (as root, in namespaces of its own).
# Seen:
#   podman version 5.4.2
#   containers.json: stays
#   volatile-containers.json: goes
#   podman ps --all: goes stays
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v mmdebstrap >/dev/null || lacks 'needs mmdebstrap'
version=5.4.2+ds1-2+b2

tmp=$(mktemp -d)
trap 'rm -rf --one-file-system "$tmp"' EXIT
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
mmdebstrap --quiet --variant=minbase --include="podman=$version,crun,busybox-static" trixie "$tmp/root" "$site" >"$tmp/log" 2>&1 ||
	lacks "needs Debian's podman $version"

seen=$(unshare --mount --pid --fork --net bash -s "$tmp/root" 2>"$tmp/log" <<'SH'
set -eu
mount --bind "$1" "$1" # podman makes its layers in a chroot, whose / has to be a mount point
for directory in /proc /sys /dev; do mount --rbind $directory "$1$directory"; done
mount -t proc proc "$1/proc"
mount -t tmpfs none "$1/run"
mount -t tmpfs none "$1/var/tmp"
exec chroot "$1" bash -eu <<'IN'
podman() { command podman --storage-driver=vfs --events-backend=file --cgroup-manager=cgroupfs "$@"; }
podman --version
mkdir /image
cp /bin/busybox /image/
tar -C /image -c . | podman import - image:1 >/dev/null
podman create --name stays image:1 /busybox true >/dev/null
podman create --rm --name goes image:1 /busybox true >/dev/null
cd /var/lib/containers/storage/vfs-containers
for file in containers.json volatile-containers.json; do
	echo "$file: $(grep -o '"names":\["[a-z]*' $file | sed 's/.*"//' | sort | paste -sd' ')"
done
echo "podman ps --all: $(podman ps --all --format '{{.Names}}' | sort | paste -sd' ')"
IN
SH
) || lacks "podman does not run: $(tail -n 1 "$tmp/log")"
echo "$seen"
[ "$seen" = 'podman version 5.4.2
containers.json: stays
volatile-containers.json: goes
podman ps --all: goes stays' ]
