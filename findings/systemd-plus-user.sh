#!/usr/bin/env bash
# In an ExecStartPre=+ line, which root runs, $USER, $HOME and $LOGNAME are those of the unit's User=.
#
# Guess: "+" runs a command line with full privileges, that is as root, with root's name and home in the environment, as sudo or
# setpriv --reset-env give them.
# Behaviour: the process is root's (id -u: 0) and is told that it is the user, on the command line (${USER}) and in its environment
# alike; what it writes below $HOME is root's in the user's home. With "!" it is the same. SetLoginEnvironment= of later releases changes
# nothing of it. Without User= $USER is empty with 252, and "root" from 257 on.
# Version: systemd 252.39-1~deb12u2 of Debian 12; 257.13 of Debian 13 and 262.1 of sid do the same but for the last line.
# Seen:
#   User=games, +: id 0, argument games, USER games, LOGNAME games, HOME /usr/games
#   User=games, !: id 0, argument games, USER games, LOGNAME games, HOME /usr/games
#   User=games, no prefix: id 5, argument games, USER games, LOGNAME games, HOME /usr/games
#   no User=, +: id 0, argument , USER , LOGNAME , HOME 
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

# look NAME USER-LINE PREFIX: what a command of a unit with this line and prefix is told.
look() {
	cat >state/rig/look.service <<-UNIT
		[Service]
		Type=oneshot
		$2
		ExecStartPre=$3/bin/sh -c 'echo "id \$\$(id -u), argument \$\$1, USER \$\$USER, LOGNAME \$\$LOGNAME, HOME \$\$HOME" >&2' look \${USER}
		ExecStart=/bin/true
		StandardError=append:/rig/said
	UNIT
	: >state/rig/said
	chmod 666 state/rig/said
	inside cp /rig/look.service /run/systemd/system/look.service
	inside systemctl daemon-reload
	inside systemctl start look
	echo "$1: $(cat state/rig/said)"
}
seen="$(look 'User=games, +' User=games +)
$(look 'User=games, !' User=games !)
$(look 'User=games, no prefix' User=games '')
$(look 'no User=, +' '' +)"
echo "$seen"
[ "$seen" = 'User=games, +: id 0, argument games, USER games, LOGNAME games, HOME /usr/games
User=games, !: id 0, argument games, USER games, LOGNAME games, HOME /usr/games
User=games, no prefix: id 5, argument games, USER games, LOGNAME games, HOME /usr/games
no User=, +: id 0, argument , USER , LOGNAME , HOME ' ]
