#!/usr/bin/env bash
# systemd 257 neither stops nor restarts a frozen unit, and one whose process died frozen can be neither started nor thawed.
#
# Guess: "systemctl stop" and "restart" of a unit that "systemctl freeze" has frozen thaw it first; once its process has
# been killed, the unit is as any other that has failed.
# Behaviour: it is so up to systemd 252 (Debian 12). With 257 (Debian 13) every job is refused while the unit is frozen, though kill
# works. A unit that was killed frozen stays frozen with no process: start, stop and restart say "frozen", thaw says "not active",
# daemon-reload and daemon-reexec change nothing; reset-failed does. With Restart=always it waits for its restart for ever.
# Version: systemd 252.39-1~deb12u2 and 257.13-1~deb13u1 of Debian 12 and 13 (262.1 of sid as 257), cgroup v2.
# Seen:
#   252 frozen: stop 0: inactive
#   252 killed frozen: failed, frozen; thaw 1; start 0: active
#   257 frozen: stop 1: active, frozen; restart 1
#   257 killed frozen: failed, frozen; start 1; thaw 1; daemon-reexec, start 1; reset-failed, start 0: active
#   257 killed frozen, Restart=always: activating, frozen; thaw 1; stop 1
. "$(dirname "$(readlink -f "$0")")/systemd/of.bash"

# try COMMAND...: its status, and what the unit is then.
state() { inside systemctl show -p ActiveState -p FreezerState look | sort | sed 's/.*=//; s/^running$//' | paste -sd, | sed 's/,$//; s/,/, /'; }
try() {
	local status=0
	inside systemctl "$@" look >>"$tmp/log" 2>&1 || status=$?
	echo "${1} $status"
}
unit() {
	printf '[Service]\nExecStart=/bin/sleep 1000\n%s\n' "${1:-}" >"$tmp/state/rig/look.service"
	inside cp /rig/look.service /run/systemd/system/look.service
	inside systemctl daemon-reload
	inside systemctl start look
	inside systemctl freeze look
}
killed() {
	inside bash -c 'kill -KILL $(systemctl show -p MainPID --value look)'
	sleep 1
	state
}

boot bookworm 252.39-1~deb12u2
inside systemctl --version | head -n 1
unit
seen="252 frozen: $(try stop): $(state)"
unit
seen+="
252 killed frozen: $(killed); $(try thaw); $(try start): $(state | sed 's/, .*//')"
down

boot trixie 257.13-1~deb13u1
inside systemctl --version | head -n 1
unit
seen+="
257 frozen: $(try stop): $(state); $(try restart)
257 killed frozen: $(killed); $(try start); $(try thaw)"
inside systemctl daemon-reexec
sleep 1
seen+="; daemon-reexec, $(try start)"
inside systemctl reset-failed look
seen+="; reset-failed, $(try start): $(state)"
unit 'Restart=always'
seen+="
257 killed frozen, Restart=always: $(killed); $(try thaw); $(try stop)"
echo "$seen"
[ "$seen" = '252 frozen: stop 0: inactive
252 killed frozen: failed, frozen; thaw 1; start 0: active
257 frozen: stop 1: active, frozen; restart 1
257 killed frozen: failed, frozen; start 1; thaw 1; daemon-reexec, start 1; reset-failed, start 0: active
257 killed frozen, Restart=always: activating, frozen; thaw 1; stop 1' ]
