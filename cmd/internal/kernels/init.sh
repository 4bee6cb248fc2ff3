#!/bin/busybox sh
# The first and only program of a kernel under test: it runs every test below /tests and switches off. From the kernel's
# command line come RESULTS, the terminal for what the tests say, and END, how to leave.
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
chmod 1777 /tmp
mkdir -p /sys/fs/cgroup /dev/shm
mount -t cgroup2 cgroup /sys/fs/cgroup
for module in /modules/*.ko; do insmod "$module"; done
ip link set lo up

stty -F "/dev/$RESULTS" raw
exec </dev/null >"/dev/$RESULTS" 2>&1
echo "=== kernel $(uname -r)"
for dir in /tests/*/; do
	cd "$dir" || continue
	[ -x run ] || continue
	echo "=== package $(cat package)"
	./run
	echo "=== exit $?"
done
echo "=== end"
$END -f
