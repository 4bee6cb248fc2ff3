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
. "$(dirname "$(readlink -f "$0")")/containers/here.bash"
version=5.4.2+ds1-2+b2

seen=$(inside trixie "podman=$version,crun" <<'IN'
podman --version
image podman
podman create --name stays image:1 /busybox true >/dev/null
podman create --rm --name goes image:1 /busybox true >/dev/null
cd /var/lib/containers/storage/vfs-containers
for file in containers.json volatile-containers.json; do
	echo "$file: $(grep -o '"names":\["[a-z]*' $file | sed 's/.*"//' | sort | paste -sd' ')"
done
echo "podman ps --all: $(podman ps --all --format '{{.Names}}' | sort | paste -sd' ')"
IN
)
echo "$seen"
[ "$seen" = 'podman version 5.4.2
containers.json: stays
volatile-containers.json: goes
podman ps --all: goes stays' ]
