#!/bin/sh
# After the program is gone. Debian calls this with "remove" and later perhaps with "purge", rpm with the number of versions
# that stay, apk with the version.
set -e

reserve=/etc/sysctl.d/zz-portguard-reserve.conf
range=/etc/sysctl.d/zz-portguard-range.conf
ipv4=/proc/sys/net/ipv4

# The values that all other files give a sysctl, in the order of their names.
others() {
	for name in $(ls /etc/sysctl.d /run/sysctl.d /usr/local/lib/sysctl.d /usr/lib/sysctl.d 2>/dev/null | grep '\.conf$' | sort -u); do
		for dir in /etc/sysctl.d /run/sysctl.d /usr/local/lib/sysctl.d /usr/lib/sysctl.d; do
			if [ -r "$dir/$name" ]; then
				[ "$dir/$name" = "$reserve" ] || [ "$dir/$name" = "$range" ] || cat "$dir/$name"
				break
			fi
		done
	done | sed -n "s|^-*net[./]ipv4[./]$1[[:space:]]*=[[:space:]]*||p"
}

# without LIST OURS THEIRS: LIST less what is in OURS and not in THEIRS.
without() {
	awk -v list="$1" -v ours="$2" -v theirs="$3" '
	function mark(text, set, n, part, i, ends, p) {
		n = split(text, part, /[, \n]+/)
		for (i = 1; i <= n; i++) {
			if (part[i] == "") continue
			if (split(part[i], ends, "-") == 1) ends[2] = ends[1]
			for (p = ends[1] + 0; p <= ends[2] + 0; p++) set[p] = 1
		}
	}
	function stays(p) { return (p in in_list) && (!(p in in_ours) || (p in in_theirs)) }
	BEGIN {
		mark(list, in_list); mark(ours, in_ours); mark(theirs, in_theirs)
		for (p = 0; p <= 65535; p++) {
			if (!stays(p)) continue
			for (q = p; stays(q + 1); q++) ;
			out = out sep (p == q ? p : p "-" q); sep = ","
			p = q
		}
		print out
	}'
}

# What "portguard reserve" added is taken out again, now and for the next boot, but for what other files reserve, too.
undo_reserve() {
	[ -f "$reserve" ] || return 0
	ours=$(sed -n 's/^# portguard reserves: //p' "$reserve")
	rm -f "$reserve"
	[ -w "$ipv4/ip_local_reserved_ports" ] || return 0
	theirs=$(others ip_local_reserved_ports)
	left=$(without "$(cat "$ipv4/ip_local_reserved_ports")" "$ours" "$theirs")
	echo "$left" >"$ipv4/ip_local_reserved_ports" ||
		echo "portguard: net.ipv4.ip_local_reserved_ports stays as it is until the next boot" >&2
}

# What "portguard range" set becomes what it would be after a boot, unless somebody has set it to something else since.
undo_range() {
	[ -f "$range" ] || return 0
	ours=$(sed -n 's/^net.ipv4.ip_local_port_range = //p' "$range")
	rm -f "$range"
	[ -w "$ipv4/ip_local_port_range" ] || return 0
	[ "$(tr '\t' ' ' <"$ipv4/ip_local_port_range")" = "$ours" ] || return 0
	value=$(others ip_local_port_range)
	value=$(echo "$value" | tail -n 1)
	echo "${value:-32768 60999}" >"$ipv4/ip_local_port_range" || # the kernel's own range
		echo "portguard: net.ipv4.ip_local_port_range stays as it is until the next boot" >&2
}

case "$1" in
upgrade | failed-upgrade | abort-* | disappear | [1-9]) exit 0 ;;
purge)
	undo_reserve
	undo_range
	rm -f $purge
	;;
*)
	rm -f /run/portguard.lock /run/portguard-unit.lock
	if [ -n "$units" ] && [ -d /run/systemd/system ]; then
		systemctl daemon-reload || true
	fi
	for file in "$reserve" "$range"; do
		[ "$1" = remove ] || [ ! -f "$file" ] || echo "portguard: $file stays; remove it to let the kernel pick these ports again" >&2
	done
	;;
esac
