#!/bin/bash
# Becomes the PID 1 of a system of its own: the calling process is the first of new mount, pid, network, uts, ipc and
# cgroup namespaces. Arguments: the state directory, the root directory (which is never written: overlayfs on top).
set -eu
mount --make-rprivate /
S=$1 root=$2 M=$1/m
mkdir -p "$M" "$S/ovl"
mount -t tmpfs -o mode=755 ovl "$S/ovl"
mkdir "$S/ovl/up" "$S/ovl/work"
mount -t overlay -o "lowerdir=$root,upperdir=$S/ovl/up,workdir=$S/ovl/work" ovl "$M"

# The kernel's: everything but the network sysctls is read-only.
mkdir -p "$M/proc" "$M/sys" "$M/dev" "$M/run" "$M/tmp" "$M/rig"
mount -t proc -o nosuid,noexec,nodev proc "$M/proc"
mount --bind "$M/proc/sys" "$M/proc/sys"
mount --bind "$M/proc/sys/net" "$M/proc/sys/net"
mount -o remount,bind,ro "$M/proc/sys"
if [ -e "$M/proc/sysrq-trigger" ]; then
	mount --bind "$M/proc/sysrq-trigger" "$M/proc/sysrq-trigger"
	mount -o remount,bind,ro "$M/proc/sysrq-trigger"
fi
mount -t sysfs -o nosuid,noexec,nodev,ro sysfs "$M/sys"
mount -t cgroup2 -o nosuid,noexec,nodev cgroup2 "$M/sys/fs/cgroup"
mount -t tmpfs -o nosuid,mode=755 dev "$M/dev"
for d in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
	IFS=: read -r name major minor <<<"$d"
	mknod -m 666 "$M/dev/$name" c "$major" "$minor"
done
mkdir "$M/dev/pts" "$M/dev/shm" "$M/dev/mqueue"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$M/dev/pts"
ln -s pts/ptmx "$M/dev/ptmx"
ln -s /proc/self/fd "$M/dev/fd"
ln -s fd/0 "$M/dev/stdin"
ln -s fd/1 "$M/dev/stdout"
ln -s fd/2 "$M/dev/stderr"
mount -t tmpfs -o nosuid,nodev shm "$M/dev/shm"
mount -t tmpfs -o nosuid,nodev,mode=755 run "$M/run"
mount -t tmpfs -o nosuid,nodev,mode=1777 tmp "$M/tmp"
mount --bind "$S/rig" "$M/rig"

# Only what tests need: nothing that the host has enabled starts.
echo rig >"$M/etc/hostname"
: >"$M/etc/fstab"
mkdir -p "$M/etc/systemd/system" "$M/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\n' >"$M/etc/systemd/journald.conf.d/rig.conf"
printf '%s\n' '[Unit]' 'Requires=sysinit.target sockets.target' 'Wants=dbus.service' \
	'After=sysinit.target sockets.target dbus.service' 'AllowIsolate=yes' >"$M/etc/systemd/system/rig.target"
for unit in systemd-timesyncd systemd-resolved systemd-udevd systemd-networkd systemd-pstore keyboard-setup console-setup; do
	ln -sf /dev/null "$M/etc/systemd/system/$unit.service"
done

cd "$M"
mkdir -p .old
pivot_root . .old
exec </dev/null
umount -l /.old
rmdir /.old
# No capability that reaches the host outside of the namespaces.
exec env -i container=rig PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio,-syslog,-wake_alarm,-mac_admin,-mac_override,-sys_pacct \
	/lib/systemd/systemd --system --unit=rig.target --show-status=false
