#!/usr/bin/env bash
# "+" leads a command out of some of a unit's file system settings, and not out of others.
#
# Guess: by systemd.service(5) the file system namespace of a unit is not for its command lines with "+": such a command
# sees the machine as root does.
# Behaviour: PrivateTmp=, ProtectHome=, InaccessiblePaths= and ReadOnlyPaths= are not applied. TemporaryFileSystem=, BindPaths= and
# RootDirectory= are, as without "+": the program may not be there at all (203/EXEC).
# Version: systemd 252.39-1~deb12u2 of Debian 12; 257.13 of Debian 13 and 262.1 of sid do the same.
# Seen (what the setting hides or shows):
#   PrivateTmp=yes: with + not applied, without applied
#   ProtectHome=yes: with + not applied, without applied
#   InaccessiblePaths=/rig/dir: with + not applied, without applied
#   ReadOnlyPaths=/rig/dir: with + not applied, without applied
#   TemporaryFileSystem=/rig/dir: with + applied, without applied
#   BindPaths=/usr/bin:/rig/dir: with + applied, without applied
#   RootDirectory=/rig/root: with + applied, without applied
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

mkdir state/rig/dir state/rig/root
touch state/rig/dir/marker
inside touch /tmp/marker
inside mkdir -p /home/look

# applied SETTING PREFIX TEST: whether TEST, which holds without the setting, fails with it in a line of this prefix.
applied() {
	printf '[Service]\nType=oneshot\n%s\nExecStart=%s/bin/sh -c "%s"\n' "$1" "$2" "$3" >state/rig/look.service
	inside cp /rig/look.service /run/systemd/system/look.service
	inside systemctl daemon-reload
	if inside systemctl start look >>systemctl.log 2>&1; then echo 'not applied'; else echo applied; fi
}
look() { echo "$1: with + $(applied "$1" + "$2"), without $(applied "$1" '' "$2")"; }
seen="$(look PrivateTmp=yes 'test -e /tmp/marker')
$(look ProtectHome=yes 'test -e /home/look')
$(look InaccessiblePaths=/rig/dir 'test -e /rig/dir/marker')
$(look ReadOnlyPaths=/rig/dir 'touch /rig/dir/marker')
$(look TemporaryFileSystem=/rig/dir 'test -e /rig/dir/marker')
$(look BindPaths=/usr/bin:/rig/dir 'test -e /rig/dir/marker')
$(look RootDirectory=/rig/root 'true')"
echo "$seen"
[ "$seen" = 'PrivateTmp=yes: with + not applied, without applied
ProtectHome=yes: with + not applied, without applied
InaccessiblePaths=/rig/dir: with + not applied, without applied
ReadOnlyPaths=/rig/dir: with + not applied, without applied
TemporaryFileSystem=/rig/dir: with + applied, without applied
BindPaths=/usr/bin:/rig/dir: with + applied, without applied
RootDirectory=/rig/root: with + applied, without applied' ]
