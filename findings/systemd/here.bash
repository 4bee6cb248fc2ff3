# Boots Debian 12's own systemd as PID 1 of namespaces of its own, for the findings that read this. After it `inside COMMAND...` runs
# there, and $tmp/state/rig is /rig in there.
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
grep -qs '^12' /etc/debian_version || lacks 'needs Debian 12'
version=252.39-1~deb12u2
rig=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../systemd/rigtest/boot.sh

tmp=$(mktemp -d)
pid=
end() {
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :
	wait
	find "$tmp/cgroup/finding-$$" -depth -type d -exec rmdir {} \; 2>/dev/null || :
	umount "$tmp/root" "$tmp/over" "$tmp/cgroup" 2>/dev/null || :
	rm -rf --one-file-system "$tmp"
}
trap end EXIT
cd "$tmp"

# This systemd as PID 1 of namespaces of its own, laid over this machine's root directory, which is not written.
mkdir cgroup root state state/rig over
mount -t cgroup2 none cgroup 2>/dev/null && mkdir cgroup/finding-$$ || lacks 'needs cgroup v2 and the right to mount it'
apt-get -q download systemd=$version libsystemd-shared=$version libsystemd0=$version >apt.log 2>&1 ||
	lacks "needs Debian's systemd $version"
mount -t tmpfs -o mode=755 none over
for deb in *.deb; do dpkg -x "$deb" over; done
cp -a over/lib over/bin over/sbin over/usr/ 2>/dev/null || :
rm -rf over/lib over/bin over/sbin
mount -t overlay -o "lowerdir=$tmp/over:/" overlay root 2>/dev/null || lacks 'needs overlayfs'
(echo $BASHPID >cgroup/finding-$$/cgroup.procs &&
	exec unshare --mount --propagation private --pid --fork --net --uts --ipc --cgroup bash "$rig" "$tmp/state" "$tmp/root") \
	</dev/null >console 2>&1 &
unshare=$!
inside() { nsenter -t "$pid" -m -p -n -i -u -C -r -w "$@"; }
for _ in $(seq 300); do
	sleep 0.1
	pid=$(cat "/proc/$unshare/task/$unshare/children" 2>/dev/null) || lacks "systemd does not come up: $(tail -n 1 console)"
	pid=${pid%% *}
	case $(inside systemctl is-system-running 2>/dev/null || :) in running | degraded) break ;; esac
done
