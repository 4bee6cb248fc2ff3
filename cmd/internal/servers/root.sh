#!/bin/bash
# Installs packages into a root directory, one after the other where all at once does not do: a package that is missing costs one entry,
# not all. Arguments: the directory, a file for what apt says, packages. Prints those that could not be installed.
set -eu
root=$1 log=$2
shift 2
mount --make-rprivate /
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # nothing is started
chmod +x "$root/usr/sbin/policy-rc.d"
cp /etc/resolv.conf "$root/etc/resolv.conf" || true
cp -n /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" || true
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
apt() { chroot "$root" apt-get -q -y -o Acquire::Check-Valid-Until=false -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1 </dev/null; }
apt update
apt install --no-install-recommends "$@" && exit
for p in "$@"; do apt install --no-install-recommends "$p" || echo "$p"; done
