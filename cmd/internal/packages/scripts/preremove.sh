#!/bin/sh
# Before the program is gone: a service whose drop-in names it would not start any more.
# Debian calls this with "remove" or "upgrade", rpm with the number of versions that stay, apk with the version.
set -e

case "$1" in
upgrade | failed-upgrade | deconfigure | [1-9]) exit 0 ;;
esac

# What is written by hand is not ours to change; whoever wrote it has to know.
by_hand() {
	grep -rlsE --include='*.service' --include='*.conf' '^[^#;]*/usr/bin/portguard([[:space:]]|$)' /etc/systemd/system /run/systemd/system || true
}

if [ -n "$units" ] && [ -d /run/systemd/system ]; then
	systemctl disable --quiet --now $units || true
fi
[ -d /etc/systemd/system ] || exit 0
# If this fails, services would be left that cannot start: better that the package stays.
/usr/bin/portguard unit remove --all
left=$(by_hand)
if [ -n "$left" ]; then
	echo "portguard: these start /usr/bin/portguard, were not written by it, and will fail without it:" $left >&2
fi
