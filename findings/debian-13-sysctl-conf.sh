#!/usr/bin/env bash
# The upgrade from Debian 12 to 13 takes a changed /etc/sysctl.conf away, and with it the settings that it had.
#
# Guess: a configuration file that its administrator has changed stays where it is, and is read, over an upgrade. With
# `-o Dpkg::Options::=--force-confold` in any case.
# Behaviour: procps of Debian 13 has no such file any more and moves a changed one to /etc/sysctl.conf.dpkg-bak, which nothing reads.
# The running kernel keeps the values; the next boot does without: a reserved port is handed out again.
# Version: procps 2:4.0.2-3 to 2:4.0.4-9 (as root, in a root directory of its own; procps and what it needs are upgraded).
# Seen:
#   before: /etc/sysctl.conf; ports are reserved by /etc/sysctl.conf
#   the upgrade says: Obsolete conffile /etc/sysctl.conf has been modified by you. Saving as /etc/sysctl.conf.dpkg-bak ...
#   after: /etc/sysctl.conf.dpkg-bak; ports are reserved by no file
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v mmdebstrap >/dev/null || lacks 'needs mmdebstrap'

tmp=$(mktemp -d)
trap 'rm -rf --one-file-system "$tmp"' EXIT
root=$tmp/root
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
mmdebstrap --quiet --variant=minbase --include=procps=2:4.0.2-3 bookworm "$root" "$site" >"$tmp/log" 2>&1 || lacks "needs Debian's procps 2:4.0.2-3"
echo 'net.ipv4.ip_local_reserved_ports = 40000' >>"$root/etc/sysctl.conf"

# Whatever the packages' scripts do, nothing is started in there, and no sysctl of this host's is set: its network is apt's as well.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"

# look: which files there are, and which of those that `sysctl --system` reads reserve ports. It may change nothing here.
look() {
	local files read
	files=$(cd "$root" && find etc -name 'sysctl.conf*' | sort | sed 's,^,/,' | paste -sd' ')
	read=$(unshare --mount chroot "$root" sh -c 'mount -t proc -o ro proc /proc; sysctl --system 2>/dev/null' | sed -n 's/^\* Applying \(.*\) \.\.\.$/\1/p' |
		while read -r file; do ! grep -qs ip_local_reserved_ports "$root$file" || echo "$file"; done | paste -sd' ')
	echo "$files; ports are reserved by ${read:-no file}"
}
# inside: apt-get in there, with this host's network.
inside() {
	unshare --mount --pid --fork chroot "$root" sh -ec "mount -t proc proc /proc; mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys
		DEBIAN_FRONTEND=noninteractive apt-get -q -y $*" </dev/null >>"$tmp/apt" 2>&1
}
before=$(look)
echo "deb $site trixie main" >"$root/etc/apt/sources.list"
rm -f "$root"/etc/apt/sources.list.d/*
cp /etc/resolv.conf "$root/etc/"
inside update && inside '-o Dpkg::Options::=--force-confold install procps=2:4.0.4-9' || lacks "needs Debian's procps 2:4.0.4-9"
seen="before: $before
the upgrade says: $(sed -n '/^Obsolete conffile/,/^Saving/p' "$tmp/apt" | paste -sd' ')
after: $(look)"
echo "$seen"
[ "$seen" = 'before: /etc/sysctl.conf; ports are reserved by /etc/sysctl.conf
the upgrade says: Obsolete conffile /etc/sysctl.conf has been modified by you. Saving as /etc/sysctl.conf.dpkg-bak ...
after: /etc/sysctl.conf.dpkg-bak; ports are reserved by no file' ]
