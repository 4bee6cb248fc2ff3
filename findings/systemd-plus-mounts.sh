#!/usr/bin/env bash
# "+" leads a command out of some of a unit's file system settings, and not out of others.
#
# Guess: by systemd.service(5) the file system namespace of a unit is not for its command lines with "+": such a command
# sees the machine as root does.
# Behaviour: PrivateTmp=, ProtectHome=, InaccessiblePaths= and ReadOnlyPaths= are not applied. TemporaryFileSystem=, BindPaths= and
# RootDirectory= are, as without "+": the program may not be there at all (203/EXEC).
# Version: systemd 252.39-1~deb12u2 of Debian 12; 257.13 of Debian 13 and 262.1 of sid do the same.
# Seen (what the setting hides or shows):
#   PrivateTmp=yes: with + not applied, without applied
#   ProtectHome=yes: with + not applied, without applied
#   InaccessiblePaths=/rig/dir: with + not applied, without applied
#   ReadOnlyPaths=/rig/dir: with + not applied, without applied
#   TemporaryFileSystem=/rig/dir: with + applied, without applied
#   BindPaths=/usr/bin:/rig/dir: with + applied, without applied
#   RootDirectory=/rig/root: with + applied, without applied
. "$(dirname "$(readlink -f "$0")")/systemd/here.bash"
inside systemctl --version | head -n 1

mkdir state/rig/dir state/rig/root
touch state/rig/dir/marker
inside touch /tmp/marker
inside mkdir -p /home/look

# applied SETTING PREFIX TEST: whether TEST, which holds without the setting, fails with it in a line of this prefix.
applied() {
	printf '[Service]\nType=oneshot\n%s\nExecStart=%s/bin/sh -c "%s"\n' "$1" "$2" "$3" >state/rig/look.service
	inside cp /rig/look.service /run/systemd/system/look.service
	inside systemctl daemon-reload
	if inside systemctl start look >>systemctl.log 2>&1; then echo 'not applied'; else echo applied; fi
}
look() { echo "$1: with + $(applied "$1" + "$2"), without $(applied "$1" '' "$2")"; }
seen="$(look PrivateTmp=yes 'test -e /tmp/marker')
$(look ProtectHome=yes 'test -e /home/look')
$(look InaccessiblePaths=/rig/dir 'test -e /rig/dir/marker')
$(look ReadOnlyPaths=/rig/dir 'touch /rig/dir/marker')
$(look TemporaryFileSystem=/rig/dir 'test -e /rig/dir/marker')
$(look BindPaths=/usr/bin:/rig/dir 'test -e /rig/dir/marker')
$(look RootDirectory=/rig/root 'true')"
echo "$seen"
[ "$seen" = 'PrivateTmp=yes: with + not applied, without applied
ProtectHome=yes: with + not applied, without applied
InaccessiblePaths=/rig/dir: with + not applied, without applied
ReadOnlyPaths=/rig/dir: with + not applied, without applied
TemporaryFileSystem=/rig/dir: with + applied, without applied
BindPaths=/usr/bin:/rig/dir: with + applied, without applied
RootDirectory=/rig/root: with + applied, without applied' ]
