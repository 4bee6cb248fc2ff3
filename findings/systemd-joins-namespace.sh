#!/usr/bin/env bash
# JoinsNamespaceOf= works in the direction in which it is written, although the manual promises both.
#
# Guess: by systemd.unit(5) JoinsNamespaceOf=first in the unit second holds in both directions; whichever of the two runs, the other
# joins its network namespace.
# Behaviour: with systemd 252 second joins first, and first never joins second: it makes a network namespace of its own when second
# runs alone. A restart of first while second runs is no harm, a stop and a restart of second in between is: from then on the
# two listen in different worlds, and each is active.
# Version: systemd 252.39-1~deb12u2 of Debian 12; with 257.13 of Debian 13 and 262.1 of sid they were apart once in forty tries.
# Seen:
#   first, then second: together
#   restart first: together
#   stop first, restart second, start first: apart
#   restart second: together
#   second, then first: apart
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
grep -qs '^12' /etc/debian_version || lacks 'needs Debian 12'
version=252.39-1~deb12u2
rig=$(dirname "$(readlink -f "$0")")/../systemd/rigtest/boot.sh

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
inside systemctl --version | head -n 1

unit() {
	printf '[Unit]\n%s\n[Service]\nPrivateNetwork=yes\nExecStart=/bin/sleep 1000\n' "$2" >"state/rig/$1.service"
	inside cp "/rig/$1.service" /run/systemd/system/
}
unit first ''
unit second JoinsNamespaceOf=first.service
inside systemctl daemon-reload

namespace() { inside bash -c 'readlink /proc/$(systemctl show -p MainPID --value '"$1"')/ns/net'; }
# look NAME ACTION...: whether both are in one network namespace after systemctl has done these.
look() {
	for action in "${@:2}"; do inside systemctl $action; done
	if [ "$(namespace first)" = "$(namespace second)" ]; then echo "$1: together"; else echo "$1: apart"; fi
}
seen="$(look 'first, then second' 'start first' 'start second')
$(look 'restart first' 'restart first')
$(look 'stop first, restart second, start first' 'stop first' 'restart second' 'start first')
$(look 'restart second' 'restart second')
$(look 'second, then first' 'stop first second' 'start second' 'start first')"
echo "$seen"
[ "$seen" = 'first, then second: together
restart first: together
stop first, restart second, start first: apart
restart second: together
second, then first: apart' ]
