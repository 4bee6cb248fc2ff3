#!/usr/bin/env bash
# "systemctl start" of a unit that waits for its restart waits along with it, on systemd 252; "restart" does not.
#
# Guess: a unit that is in RestartSec= is down; who starts it by hand has it started at once.
# Behaviour: up to systemd 252 the job is queued until the timer has run out, so that "systemctl start" blocks for RestartSec=, with no word. A
# restart, which stops first, is at once. With 257 the start is at once as well, but a connection to the unit's socket unit is
# still not: it waits in the queue.
# Version: systemd 252.39-1~deb12u2 and 257.13-1~deb13u1 of Debian 12 and 13 (262.1 of sid as 257).
# Seen (RestartSec=8, one second after the unit has failed):
#   252: start after the timer; restart at once
#   257: start at once; restart at once
. "$(dirname "$(readlink -f "$0")")/systemd/of.bash"

# took COMMAND: whether it was there before the timer.
took() {
	inside systemctl stop look
	inside systemctl start look
	sleep 1
	[ "$(inside systemctl show -p SubState --value look)" = auto-restart ] || { echo "$1: not in auto-restart"; return; }
	local since=$SECONDS
	inside systemctl "$1" look
	[ $((SECONDS - since)) -ge 4 ] && echo "$1 after the timer" || echo "$1 at once"
}
look() {
	boot "$1" "$2"
	inside systemctl --version | head -n 1 >&2
	printf '%s\n' '[Service]' "ExecStart=/bin/sh -c 'exit 3'" 'Restart=always' 'RestartSec=8' >"$tmp/state/rig/look.service"
	inside cp /rig/look.service /run/systemd/system/
	inside systemctl daemon-reload
	echo "${2%%.*}: $(took start); $(took restart)"
	down
}
seen=$(look bookworm 252.39-1~deb12u2; look trixie 257.13-1~deb13u1)
echo "$seen"
[ "$seen" = '252: start after the timer; restart at once
257: start at once; restart at once' ]
