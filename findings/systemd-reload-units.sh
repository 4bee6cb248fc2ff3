#!/usr/bin/env bash
# A daemon-reload takes a dozen times as long with four times the units, once these are loaded; the first one does not.
#
# Guess: it reads the files of all units again: twice the units, twice the time, and the first is as long as the second.
# Behaviour: before it reads, PID 1 lets go of every unit that is loaded, and asks all units of the slice again for each of them. With 4,000
# services in system.slice it is seconds of PID 1's processor time, with 20,000 minutes, in which it answers nobody. systemd 262 is linear (1.1 s).
# Version: systemd 252.39-1~deb12u2 and 257.13-1~deb13u1 of Debian 12 and 13.
# Seen (units that are loaded and do not run; processor time of PID 1, here 0.4 s and 5 to 11 s):
#   252: 4000 units take more than 8 times as long as 1000; the first daemon-reload less than half of that
#   257: 4000 units take more than 8 times as long as 1000; the first daemon-reload less than half of that
. "$(dirname "$(readlink -f "$0")")/systemd/of.bash"

# units N: that many services, which look.target keeps loaded by being ordered after them.
units() {
	inside bash -s "$1" <<'IN'
mkdir -p /run/systemd/system
cd /run/systemd/system
for i in $(seq "$1"); do printf '[Service]\nExecStart=/bin/true\n' >look-$i.service; done
{ echo '[Unit]'; for i in $(seq "$1"); do echo "After=look-$i.service"; done; } >look.target
IN
}
# took: the processor time of PID 1 for a daemon-reload, in hundredths of a second.
took() {
	local before
	before=$(awk '{print $14 + $15}' "/proc/$pid/stat")
	inside env SYSTEMD_BUS_TIMEOUT=500s systemctl daemon-reload
	echo $(($(awk '{print $14 + $15}' "/proc/$pid/stat") - before))
}
look() {
	local few first many
	boot "$1" "$2"
	units 1000
	took >/dev/null
	inside systemctl start look.target
	took >/dev/null
	few=$(took)
	units 4000
	first=$(took)
	many=$(took)
	echo "${2%%.*}: 1000 units ${few}0 ms, 4000 units for the first time ${first}0 ms, then ${many}0 ms" >&2
	echo "${2%%.*}: 4000 units take $([ "$many" -gt $((8 * few)) ] && echo more || echo 'no more') than 8 times as long as 1000;" \
		"the first daemon-reload $([ "$first" -lt $((many / 2)) ] && echo less || echo 'no less') than half of that"
	down
}
seen=$(look bookworm 252.39-1~deb12u2 && look trixie 257.13-1~deb13u1)
echo "$seen"
[ "$seen" = '252: 4000 units take more than 8 times as long as 1000; the first daemon-reload less than half of that
257: 4000 units take more than 8 times as long as 1000; the first daemon-reload less than half of that' ]
