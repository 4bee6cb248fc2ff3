#!/usr/bin/env bash
# "systemctl list-unit-files" takes more than six times as long with four times the enabled services, and PID 1 does nothing else meanwhile.
#
# Guess: it reads each unit file and each link once: 1,000 units are a matter of a tenth of a second, and of systemctl's own time.
# Behaviour: PID 1 does it, in one go, and to tell whether a unit is enabled it reads every folder of links once a unit. While it lasts, a start, a
# stop or a dead service's restart waits.
# Version: systemd 252.39-1~deb12u2 and 257.13-1~deb13u1 of Debian 12 and 13 (262.1 of sid as 257).
# Seen (links in one folder, multi-user.target.wants; processor time of PID 1, here 2.5 s and 18 s):
#   252: 4000 services take more than 6 times as long as 1000; a start meanwhile takes seconds
#   257: 4000 services take more than 6 times as long as 1000; a start meanwhile takes seconds
. "$(dirname "$(readlink -f "$0")")/systemd/of.bash"

enabled() {
	inside bash -s "$1" <<'IN'
mkdir -p /etc/systemd/system/multi-user.target.wants
cd /etc/systemd/system
for i in $(seq "$1"); do
	printf '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n' >look-$i.service
	ln -sf ../look-$i.service multi-user.target.wants/
done
IN
}
ticks() { awk '{print $14 + $15}' "/proc/$pid/stat"; }
list() { inside env SYSTEMD_BUS_TIMEOUT=500s systemctl --no-pager list-unit-files >/dev/null; }
took() {
	local before
	before=$(ticks)
	list
	echo $(($(ticks) - before))
}
look() {
	local few many listing since
	boot "$1" "$2"
	printf '[Service]\nExecStart=/bin/sleep 1000\n' >"$tmp/state/rig/other.service"
	inside cp /rig/other.service /run/systemd/system/
	inside systemctl daemon-reload
	enabled 1000
	few=$(took)
	enabled 4000
	many=$(took)
	echo "${2%%.*}: 1000 services ${few}0 ms, 4000 services ${many}0 ms" >&2
	list &
	listing=$!
	sleep 0.5
	since=$SECONDS
	inside env SYSTEMD_BUS_TIMEOUT=500s systemctl start other
	since=$((SECONDS - since))
	echo "${2%%.*}: 4000 services take $([ "$many" -gt $((6 * few)) ] && echo more || echo 'no more') than 6 times as long as 1000;" \
		"a start meanwhile takes $([ $since -ge 3 ] && echo seconds || echo 'no time')"
	wait $listing
	down
}
seen=$(look bookworm 252.39-1~deb12u2 && look trixie 257.13-1~deb13u1)
echo "$seen"
[ "$seen" = '252: 4000 services take more than 6 times as long as 1000; a start meanwhile takes seconds
257: 4000 services take more than 6 times as long as 1000; a start meanwhile takes seconds' ]
