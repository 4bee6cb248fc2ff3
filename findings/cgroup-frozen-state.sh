#!/usr/bin/env bash
# A frozen cgroup does not show in its processes' state.
#
# Guess: a process frozen by cgroup.freeze has a state of its own, or "D" as with the freezer of cgroup v1, or "T"; SIGKILL
# waits until it is thawed, as there.
# Behaviour: a process frozen in the middle of a busy loop says "S (sleeping)", as one that waits for work does; after SIGSTOP
# it still does. Only cgroup.events of its cgroup tells. SIGKILL ends it at once, frozen.
# Version: Linux 6.18, cgroup v2 (the kernel alone; as root, in a mount namespace and a cgroup of its own).
# Seen:
#   running: R (running)
#   frozen: S (sleeping), frozen 1
#   SIGSTOP: S (sleeping), frozen 1
#   SIGKILL: gone, frozen 1
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unshare --mount mount -t cgroup2 none "$tmp" 2>/dev/null || lacks 'needs cgroup v2 and the right to mount it'

seen=$(unshare --mount bash -s "$tmp" <<'SH'
set -eu
mount -t cgroup2 none "$1"
group=$1/frozen-state-$$
mkdir "$group"
[ -e "$group/cgroup.freeze" ] || { rmdir "$group"; echo 'no cgroup.freeze'; exit; }
while :; do :; done &
loop=$!
disown # bash reaps it all the same, and says nothing of its end
trap 'kill -KILL $loop 2>/dev/null || :; sleep 0.2; rmdir "$group"' EXIT

state() {
	sleep 0.2
	if [ -e "/proc/$loop" ]; then sed -n 's/^State:\t//p' "/proc/$loop/status"; else echo gone; fi
}
frozen() { sed -n 's/^frozen/, frozen/p' "$group/cgroup.events"; }

echo "running: $(state)"
echo $loop >"$group/cgroup.procs"
echo 1 >"$group/cgroup.freeze"
echo "frozen: $(state)$(frozen)"
kill -STOP $loop
echo "SIGSTOP: $(state)$(frozen)"
kill -KILL $loop
echo "SIGKILL: $(state)$(frozen)"
SH
)
[ "$seen" != 'no cgroup.freeze' ] || lacks 'needs cgroup.freeze'
echo "Linux $(uname -r)"
echo "$seen"
[ "$seen" = 'running: R (running)
frozen: S (sleeping), frozen 1
SIGSTOP: S (sleeping), frozen 1
SIGKILL: gone, frozen 1' ]
