#!/usr/bin/env bash
# JoinsNamespaceOf= works in the direction in which it is written, although the manual promises both.
#
# Guess: by systemd.unit(5) JoinsNamespaceOf=first in the unit second holds in both directions; whichever of the two runs, the other
# joins its network namespace.
# Behaviour: with systemd 252 second joins first, and first never joins second: it makes a network namespace of its own when second
# runs alone. A restart of first while second runs is no harm, a stop and a restart of second in between is: from then on the
# two listen in different worlds, and each is active.
# Version: systemd 252.39-1~deb12u2 of Debian 12; with 257.13 of Debian 13 and 262.1 of sid they were apart once in forty tries.
# Seen:
#   first, then second: together
#   restart first: together
#   stop first, restart second, start first: apart
#   restart second: together
#   second, then first: apart
. "$(dirname "$(readlink -f "$0")")/systemd/here.bash"
inside systemctl --version | head -n 1

unit() {
	printf '[Unit]\n%s\n[Service]\nPrivateNetwork=yes\nExecStart=/bin/sleep 1000\n' "$2" >"state/rig/$1.service"
	inside cp "/rig/$1.service" /run/systemd/system/
}
unit first ''
unit second JoinsNamespaceOf=first.service
inside systemctl daemon-reload

namespace() { inside bash -c 'readlink /proc/$(systemctl show -p MainPID --value '"$1"')/ns/net'; }
# look NAME ACTION...: whether both are in one network namespace after systemctl has done these.
look() {
	for action in "${@:2}"; do inside systemctl $action; done
	if [ "$(namespace first)" = "$(namespace second)" ]; then echo "$1: together"; else echo "$1: apart"; fi
}
seen="$(look 'first, then second' 'start first' 'start second')
$(look 'restart first' 'restart first')
$(look 'stop first, restart second, start first' 'stop first' 'restart second' 'start first')
$(look 'restart second' 'restart second')
$(look 'second, then first' 'stop first second' 'start second' 'start first')"
echo "$seen"
[ "$seen" = 'first, then second: together
restart first: together
stop first, restart second, start first: apart
restart second: together
second, then first: apart' ]
