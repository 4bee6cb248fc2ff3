# For the findings that read this: `boot SUITE VERSION` boots a systemd of any Debian as PID 1 of namespaces of its own, `inside COMMAND...`
# runs there, and `down` ends it.
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v mmdebstrap >/dev/null || lacks 'needs mmdebstrap'
rig=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../systemd/rigtest/boot.sh

tmp=$(mktemp -d)
pid=
down() {
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :
	wait
	find "$tmp/cgroup"/finding-$$ -depth -type d -exec rmdir {} \; 2>/dev/null || :
	pid=
}
trap 'down; umount "$tmp/cgroup" 2>/dev/null || :; rm -rf --one-file-system "$tmp"' EXIT
mkdir "$tmp/cgroup"
mount -t cgroup2 none "$tmp/cgroup" 2>/dev/null || lacks 'needs cgroup v2 and the right to mount it'

# boot SUITE VERSION: this systemd as PID 1 of namespaces of its own, from packages alone.
boot() {
	local site
	site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
	[ -e "$tmp/$1" ] || mmdebstrap --quiet --variant=minbase --include="systemd=$2,systemd-sysv,dbus,iproute2,python3-minimal" \
		"$1" "$tmp/$1" "$site" >"$tmp/log" 2>&1 || lacks "needs Debian's systemd $2"
	rm -rf --one-file-system "$tmp/state"
	mkdir -p "$tmp/state/rig" "$tmp/cgroup/finding-$$"
	(echo $BASHPID >"$tmp/cgroup/finding-$$/cgroup.procs" &&
		exec unshare --mount --propagation private --pid --fork --net --uts --ipc --cgroup \
			bash "$rig" "$tmp/state" "$tmp/$1") </dev/null >"$tmp/console" 2>&1 &
	local unshare=$!
	for _ in $(seq 300); do
		sleep 0.1
		pid=$(cat "/proc/$unshare/task/$unshare/children" 2>/dev/null) || break
		pid=${pid%% *}
		case $(inside systemctl is-system-running 2>/dev/null || :) in running | degraded) return ;; esac
	done
	lacks "systemd $2 does not come up: $(tail -n 1 "$tmp/console")"
}
inside() { nsenter -t "$pid" -m -p -n -i -u -C -r -w "$@"; }
