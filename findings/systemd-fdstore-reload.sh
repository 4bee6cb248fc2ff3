#!/usr/bin/env bash
# A daemon-reload takes from a running service the descriptors in its store, once the unit file no longer has FileDescriptorStoreMax=.
#
# Guess: FileDescriptorStoreMax= limits what is taken in; what is in the store stays until the service has stopped.
# Behaviour: at a reload systemd hands the store to itself, under the limit that the file has by then. Descriptors beyond it are
# closed: a port that was kept there for the next start is closed as the file is read, while the service runs on. When the
# limit is back, the store is empty. 252 says so in the journal, 257 does not.
# Version: systemd 252.39-1~deb12u2 and 257.13-1~deb13u1 of Debian 12 and 13 (262.1 of sid the same).
# Seen:
#   stored: 2, ports 7000 7001
#   FileDescriptorStoreMax=1, daemon-reload: 1, one port; active
#   no FileDescriptorStoreMax=, daemon-reload: 0, ports none; active
#   FileDescriptorStoreMax=2 again, daemon-reload: 0, ports none; active
#   journal of 252: 2 lines; of 257: 0
. "$(dirname "$(readlink -f "$0")")/systemd/of.bash"

store() {
	cat <<-'PY'
		import array, os, socket, time
		notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		notify.connect(os.environ["NOTIFY_SOCKET"])
		for port in 7000, 7001:
		    with socket.socket() as listener:
		        listener.bind(("127.0.0.1", port))
		        listener.listen()
		        notify.sendmsg([b"FDSTORE=1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener.fileno()]))])
		time.sleep(1000)
	PY
}
# unit LINE...: the service's file, read.
unit() {
	printf '%s\n' '[Service]' 'ExecStart=/usr/bin/python3 /rig/store.py' 'NotifyAccess=main' "$@" >"$tmp/state/rig/look.service"
	inside cp /rig/look.service /run/systemd/system/
	inside systemctl daemon-reload
}
ports() {
	local all
	all=$(inside ss -Hltn '( sport = 7000 or sport = 7001 )' | sed 's/.*:\(700.\) .*/\1/' | sort | paste -sd' ')
	echo "${all:-none}"
}
stored() { inside systemctl show -p NFileDescriptorStore --value look; }
state() { inside systemctl is-active look; }

look() {
	boot "$1" "$2"
	inside systemctl --version | head -n 1 >&2
	store >"$tmp/state/rig/store.py"
	unit 'FileDescriptorStoreMax=2'
	inside systemctl start look
	for _ in $(seq 100); do [ "$(stored)" != 2 ] || break; sleep 0.1; done
	echo "stored: $(stored), ports $(ports)"
	unit 'FileDescriptorStoreMax=1'
	echo "FileDescriptorStoreMax=1, daemon-reload: $(stored), $(ports | wc -w | sed 's/^1$/one port/'); $(state)"
	unit
	echo "no FileDescriptorStoreMax=, daemon-reload: $(stored), ports $(ports); $(state)"
	unit 'FileDescriptorStoreMax=2'
	echo "FileDescriptorStoreMax=2 again, daemon-reload: $(stored), ports $(ports); $(state)"
	inside journalctl -q -o cat | grep -c 'add fd to store' >"$tmp/said" || :
	down
}
seen=$(look bookworm 252.39-1~deb12u2)
echo "$seen"
said=$(cat "$tmp/said")
[ "$seen" = 'stored: 2, ports 7000 7001
FileDescriptorStoreMax=1, daemon-reload: 1, one port; active
no FileDescriptorStoreMax=, daemon-reload: 0, ports none; active
FileDescriptorStoreMax=2 again, daemon-reload: 0, ports none; active' ]
[ "$(look trixie 257.13-1~deb13u1)" = "$seen" ]
said="journal of 252: $said lines; of 257: $(cat "$tmp/said")"
echo "$said"
[ "$said" = 'journal of 252: 2 lines; of 257: 0' ]
