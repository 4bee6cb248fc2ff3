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

# as_user SECONDS UID GID HOME COMMAND... is for all that is done among a user's files: root would follow his links to anywhere, or wait for
# ever for the server of his home. He may trace what runs as him, so that it has no terminal of ours.
as_user() {
	most=$1 uid=$2 gid=$3 home=$4
	shift 4
	setsid -w timeout -k 2 "$most" setpriv --reuid "$uid" --regid "$gid" --init-groups \
		env -i PATH=/usr/bin:/bin HOME="$home" XDG_RUNTIME_DIR="/run/user/$uid" "$@" </dev/null
}

has_drop_in='for file in "$HOME"/.config/systemd/user/*.service.d/zz-portguard.conf; do
	if [ -f "$file" ] && grep -qsD skip "^[^#;]*/usr/bin/portguard[[:space:]]" "$file"; then exit 0; fi
done
exit 1'

# everybody are the users in /etc/passwd, and those who are logged in.
everybody() {
	{
		cat /etc/passwd
		for runtime in /run/user/*; do getent passwd "${runtime##*/}" || true; done
	} 2>/dev/null | sort -u
}

# look tells of the users that it reads, a line of /etc/passwd each: "has" before those whose own services have it in a drop-in, "away" before
# those whose homes do not answer.
look() {
	while IFS=: read -r name _ uid gid _ home _; do
		status=0
		as_user 10 "$uid" "$gid" "$home" sh -c "$has_drop_in" >/dev/null 2>&1 || status=$?
		case $status in
		0) echo "has:$name:x:$uid:$gid::$home:" ;;
		124 | 137) echo "away:$name:x:$uid:$gid::$home:" ;; # as timeout(1) says it
		esac
	done
}

# told LOOKED WORD are those users again.
told() { printf '%s\n' "$1" | sed -n "s/^$2://p"; }

# Each changes his own files, and his manager reads them again; nothing of his keeps the package.
for_users() {
	while IFS=: read -r _ _ uid gid _ home _; do
		[ -d "/run/user/$uid/systemd" ] || continue
		as_user 60 "$uid" "$gid" "$home" /usr/bin/portguard unit remove --user --all 2>&1 | timeout 70 tr -cd '\n -~' || true
	done
}

if [ -n "$units" ] && [ -d /run/systemd/system ]; then
	systemctl disable --quiet --now $units || true
fi
[ -d /etc/systemd/system ] || exit 0
# If this fails, services would be left that cannot start: better that the package stays.
/usr/bin/portguard unit remove --all
looked=$(everybody | look)
told "$looked" has | for_users
again=$(told "$looked" has | look)
left=$(told "$again" has | cut -d : -f 1)
help="(rm ~/.config/systemd/user/*.service.d/zz-portguard.conf):"
if [ -n "$left" ]; then
	echo "portguard: services of these users' own start /usr/bin/portguard, and will fail without it $help" $left >&2
fi
left=$(for all in "$looked" "$again"; do told "$all" away; done | cut -d : -f 1)
if [ -n "$left" ]; then
	echo "portguard: the homes of these users do not answer; services of their own that start /usr/bin/portguard will fail without it $help" $left >&2
fi
left=$(by_hand)
if [ -n "$left" ]; then
	echo "portguard: these start /usr/bin/portguard, were not written by it, and will fail without it:" $left >&2
fi
