#!/usr/bin/env bash
# SIGTERM does not end "unshare --fork --kill-child", and so not its child either.
#
# Guess: --kill-child is for this: SIGTERM ends unshare, and the kernel then kills the child.
# Behaviour: with --fork, unshare blocks SIGTERM (and SIGINT) while it waits for the child, and passes nothing on. It ends when
# the child does, with the child's status: the signal that is still pending leaves no trace. Only a signal that it does not
# block, as SIGKILL, ends it, and then the child.
# Version: util-linux 2.38.1-5+deb12u3 of Debian 12 (no privilege).
# Seen:
#   SIGTERM: unshare alive, child alive; pending TERM
#   child ended by itself: unshare's status 7
#   SIGKILL: unshare gone, child gone
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
version=2.38.1-5+deb12u3

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download util-linux=$version >apt.log 2>&1 ||
	lacks "needs Debian's util-linux $version"
dpkg -x util-linux_*.deb .
unshare=$tmp/usr/bin/unshare
"$unshare" --version || lacks 'needs the libraries of unshare'


# start COMMAND...: below unshare; sets $parent and $child.
start() {
	"$unshare" --fork --kill-child "$@" &
	parent=$!
	for _ in $(seq 50); do
		child=$(tr -d ' ' <"/proc/$parent/task/$parent/children") || lacks 'needs /proc/PID/task/PID/children'
		[ -z "$child" ] || break
		sleep 0.1
	done
	sleep 0.2
}
# alive PID: a zombie is not.
alive() { if grep -qs '^State:.[^ZX]' "/proc/$1/status"; then echo alive; else echo gone; fi; }
pending() {
	local bits=0x$(sed -n 's/^ShdPnd:\t//p' "/proc/$1/status")
	if ((bits >> 14 & 1)); then echo TERM; else echo nothing; fi
}

start sh -c 'sleep 2; exit 7'
kill -TERM "$parent"
sleep 0.5
seen="SIGTERM: unshare $(alive "$parent"), child $(alive "$child"); pending $(pending "$parent")"
status=0
wait "$parent" || status=$?
seen+="
child ended by itself: unshare's status $status"

start sleep 2
disown # bash would tell of its end
kill -KILL "$parent"
sleep 0.5
seen+="
SIGKILL: unshare $(alive "$parent"), child $(alive "$child")"

echo "$seen"
[ "$seen" = "SIGTERM: unshare alive, child alive; pending TERM
child ended by itself: unshare's status 7
SIGKILL: unshare gone, child gone" ]
