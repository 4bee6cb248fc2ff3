#!/usr/bin/env bash
# A daemon-reload closes the port of a socket unit whose file has been edited, opens no other, and calls the unit active (listening).
#
# Guess: an edited unit file counts from the unit's next start on. "systemctl daemon-reload" reads files, and what listens goes on.
# Behaviour: systemd keeps a listening socket over a reload only if the file still names its very address. One that it does not find
# there is closed at the reload, whoever asks for it (every package's installation does), and the new address is not opened: nobody listens, and
# "is-active" and "list-sockets" say what the file says. Edited back and reloaded, it stays closed; a restart of the socket
# unit opens it. A file that is gone closes the port as well. While its service runs, the port lives on in that alone: a
# restarted service is passed nothing.
# Version: systemd 252.39-1~deb12u2 and 257.13-1~deb13u1 of Debian 12 and 13 (262.1 of sid the same).
# Seen:
#   started: *:7000
#   edited to 7001: *:7000
#   daemon-reload: none; active, listening; list-sockets [::]:7001
#   edited back, daemon-reload: none; active, listening
#   restart: *:7000
#   edited to 7000 and 7001, daemon-reload: *:7000; active, listening
#   removed, daemon-reload: none; active, listening
#   service up, edited, daemon-reload: *:7000; service restarted: none, LISTEN_FDS unset
. "$(dirname "$(readlink -f "$0")")/systemd/of.bash"

# unit FILE LINE...: a unit's file, not yet read.
unit() {
	local file=$1
	shift
	printf '%s\n' "$@" >"$tmp/state/rig/$file"
	inside cp "/rig/$file" /run/systemd/system/
}
listens() {
	local all
	all=$(inside ss -Hltn '( sport = 7000 or sport = 7001 )' | awk '{print $4}' | sort | paste -sd' ')
	echo "${all:-none}"
}
state() { inside systemctl show -p ActiveState -p SubState look.socket | sort | sed 's/.*=//' | paste -sd, | sed 's/,/, /'; }
reload() { inside systemctl daemon-reload; }

look() {
	boot "$1" "$2"
	inside systemctl --version | head -n 1 >&2
	unit look.service '[Service]' 'ExecStart=/bin/sleep 1000'
	unit look.socket '[Socket]' 'ListenStream=7000'
	reload
	inside systemctl start look.socket
	echo "started: $(listens)"
	unit look.socket '[Socket]' 'ListenStream=7001'
	echo "edited to 7001: $(listens)"
	reload
	echo "daemon-reload: $(listens); $(state); list-sockets $(inside systemctl list-sockets --no-legend look.socket | awk '{print $1}')"
	unit look.socket '[Socket]' 'ListenStream=7000'
	reload
	echo "edited back, daemon-reload: $(listens); $(state)"
	inside systemctl restart look.socket
	echo "restart: $(listens)"
	unit look.socket '[Socket]' 'ListenStream=7000' 'ListenStream=7001'
	reload
	echo "edited to 7000 and 7001, daemon-reload: $(listens); $(state)"
	inside rm /run/systemd/system/look.socket
	reload
	echo "removed, daemon-reload: $(listens); $(state)"
	inside systemctl stop look.socket
	unit look.socket '[Socket]' 'ListenStream=7000'
	reload
	inside systemctl start look.socket look.service
	unit look.socket '[Socket]' 'ListenStream=7001'
	reload
	local up fds
	up=$(listens)
	inside systemctl restart look.service
	fds=$(inside bash -c 'tr "\0" "\n" </proc/$(systemctl show -p MainPID --value look.service)/environ' | grep LISTEN_FDS || echo LISTEN_FDS unset)
	echo "service up, edited, daemon-reload: $up; service restarted: $(listens), $fds"
	down
}
seen=$(look bookworm 252.39-1~deb12u2)
echo "$seen"
[ "$seen" = 'started: *:7000
edited to 7001: *:7000
daemon-reload: none; active, listening; list-sockets [::]:7001
edited back, daemon-reload: none; active, listening
restart: *:7000
edited to 7000 and 7001, daemon-reload: *:7000; active, listening
removed, daemon-reload: none; active, listening
service up, edited, daemon-reload: *:7000; service restarted: none, LISTEN_FDS unset' ]
[ "$(look trixie 257.13-1~deb13u1)" = "$seen" ]
