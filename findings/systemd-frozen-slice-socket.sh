#!/usr/bin/env bash
# A connection to a socket unit whose service is in a frozen slice ends the socket unit: its port is closed, and stays so after the thaw.
#
# Guess: the service is started and frozen with its slice, or its start waits; the connection waits in the queue, and after "systemctl
# thaw" it is served.
# Behaviour: up to systemd 252 (Debian 12) it is the former. With 257 (Debian 13) each try to start the service is refused, the
# socket unit, which has something to accept all the time, tries again at once, and within a second it has reached its TriggerLimit: failed,
# the port closed, the connection reset. Thawing the slice brings neither back.
# Version: systemd 257.13-1~deb13u1 of Debian 13 (262.1 of sid the same), cgroup v2.
# Seen:
#   before: in.socket active, in.service inactive, 1 listener
#   slice frozen, one connection: in.socket failed (trigger-limit-hit), in.service inactive, 0 listeners
#   slice thawed: in.socket failed (trigger-limit-hit), in.service inactive, 0 listeners
. "$(dirname "$(readlink -f "$0")")/systemd/of.bash"

boot trixie 257.13-1~deb13u1
inside systemctl --version | head -n 1
printf '[Slice]\n' >"$tmp/state/rig/cold.slice"
printf '[Socket]\nListenStream=127.0.0.1:7000\n' >"$tmp/state/rig/in.socket"
printf '[Service]\nSlice=cold.slice\nExecStart=/bin/sleep 1000\n' >"$tmp/state/rig/in.service"
inside bash -c 'cp /rig/cold.slice /rig/in.socket /rig/in.service /run/systemd/system/'
inside ip link set lo up
inside systemctl daemon-reload
inside systemctl start cold.slice in.socket

state() {
	local result
	result=$(inside systemctl show -p Result --value in.socket)
	echo "in.socket $(inside systemctl is-active in.socket || :)$([ "$result" = success ] || echo " ($result)"), \
in.service $(inside systemctl is-active in.service || :), $(inside ss -Hltn sport = 7000 | wc -l) listener"
}
seen="before: $(state)"
inside systemctl freeze cold.slice
inside python3 -c 'import socket, time
try:
	s = socket.create_connection(("127.0.0.1", 7000), 3)
	time.sleep(2)
except OSError: # it may be reset as soon as it is there
	pass'
sleep 1
seen+="
slice frozen, one connection: $(state)s"
inside systemctl thaw cold.slice
sleep 1
seen+="
slice thawed: $(state)s"
echo "$seen"
[ "$seen" = 'before: in.socket active, in.service inactive, 1 listener
slice frozen, one connection: in.socket failed (trigger-limit-hit), in.service inactive, 0 listeners
slice thawed: in.socket failed (trigger-limit-hit), in.service inactive, 0 listeners' ]
