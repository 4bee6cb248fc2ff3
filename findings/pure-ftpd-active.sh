#!/usr/bin/env bash
# Debian's pure-ftpd.service starts with success and stays "active (exited)" when its port is taken; the server itself ends with status 0.
#
# Guess: the start fails, as of every other service of Type=forking whose server cannot bind.
# Behaviour: the server goes into the background before it binds, so that its init script has succeeded by then; the unit that systemd
# makes of that script has RemainAfterExit=yes. Nobody listens, `systemctl start` has status 0, and `is-active` says active, for good.
# In the foreground, too, "Unable to start a standalone server" ends with status 0, which Restart=on-failure takes for a success.
# Version: pure-ftpd 1.0.50-2.1+b2 of Debian 12, systemd 252.39-1~deb12u2 (in namespaces of its own).
# Seen:
#   in the foreground: status 0, Unable to start a standalone server: Address already in use
#   port 21 taken on 127.0.0.1: start 0, active (exited), its listeners: none
#   port 21 free, start: 0, active (exited), its listeners: none
#   port 21 free, restart: 0, active (running), its listeners: 0.0.0.0:21 [::]:21
. "$(dirname "$(readlink -f "$0")")/systemd/here.bash"

mkdir "$tmp/ftp"
cd "$tmp/ftp"
apt-get -q download pure-ftpd=1.0.50-2.1+b2 pure-ftpd-common=1.0.50-2.1 libsodium23 >apt.log 2>&1 || lacks "needs Debian's pure-ftpd"
for deb in *.deb; do dpkg -x "$deb" "$tmp/state/rig/ftp"; done
[ ! -e "$tmp/state/rig/ftp/lib" ] || { cp -a "$tmp/state/rig/ftp/lib" "$tmp/state/rig/ftp/usr/" && rm -rf "$tmp/state/rig/ftp/lib"; }
inside cp -a /rig/ftp/. /
inside sh -c 'echo STANDALONE_OR_INETD=standalone >/etc/default/pure-ftpd-common' # as the package's own postinst does
inside systemctl daemon-reload
inside ldd /usr/sbin/pure-ftpd | grep -q 'not found' && lacks 'needs the libraries of pure-ftpd'

cat >"$tmp/state/rig/look" <<'SH'
ip link set lo up
python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 21)); time.sleep(1000)' &
holder=$!
for _ in $(seq 100); do ! ss -Hltn sport = 21 | grep -q . || break; sleep 0.1; done
status=0
said=$(timeout 20 pure-ftpd -S 21 -l unix 2>&1) || status=$?
echo "in the foreground: status $status, $said"
# unit WORD: what systemctl says to it, and what is there two seconds later.
unit() {
	local status=0
	systemctl "$1" pure-ftpd || status=$?
	sleep 2
	listeners=$(ss -Hltnp sport = 21 | awk '/pure-ftpd/ { print $4 }' | paste -sd ' ')
	echo "$status, $(systemctl is-active pure-ftpd) ($(systemctl show -p SubState --value pure-ftpd)), its listeners: ${listeners:-none}"
}
echo "port 21 taken on 127.0.0.1: start $(unit start)"
kill $holder
wait $holder || :
echo "port 21 free, start: $(unit start)"
echo "port 21 free, restart: $(unit restart)"
systemctl stop pure-ftpd
SH
seen=$(inside bash /rig/look 2>"$tmp/log")
echo "$seen"
[ "$seen" = 'in the foreground: status 0, Unable to start a standalone server: Address already in use
port 21 taken on 127.0.0.1: start 0, active (exited), its listeners: none
port 21 free, start: 0, active (exited), its listeners: none
port 21 free, restart: 0, active (running), its listeners: 0.0.0.0:21 [::]:21' ]
