#!/usr/bin/env bash
# The TCP table goes on naming the socket of a process that is long dead, when the connection was MPTCP.
#
# Guess: when the owner of a client socket is killed, its connection gets inode 0 and leaves ESTABLISHED, as with plain TCP.
# Behaviour: as long as the peer keeps its end open, the subflow of the MPTCP connection stays in the TCP table as ESTABLISHED
# and with the inode that the dead owner's socket had. What looks for that inode in /proc/PID/fd finds nobody, though the
# connection looks as alive as any. The table of MPTCP sockets, which most tools do not ask for, is right: FIN-WAIT-2, inode 0.
# Version: Linux 6.18, net.mptcp.enabled=1; iproute2 6.1 for the MPTCP table (as root, in a network namespace of its own).
# Seen, a second after SIGKILL:
#   TCP, /proc/net/tcp: FIN_WAIT2, inode 0
#   MPTCP, /proc/net/tcp: ESTABLISHED, the dead owner's inode
#   MPTCP, ss --mptcp: FIN-WAIT-2, inode 0
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'
ss --help 2>&1 | grep -q -- --mptcp || lacks 'needs an ss that knows --mptcp'
[ "$(cat /proc/sys/net/mptcp/enabled 2>/dev/null)" = 1 ] || lacks 'needs net.mptcp.enabled=1'

seen=$(unshare --net python3 - <<'PY'
import os, signal, subprocess, time
from socket import *

IPPROTO_MPTCP = 262
STATES = {"01": "ESTABLISHED", "05": "FIN_WAIT2", "06": "TIME_WAIT"}
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

def inode_name(inode, owner):
    return {"0": "inode 0", owner: "the dead owner's inode"}.get(inode, "inode ?")

def tcp_table(port, owner):
    for row in list(open("/proc/net/tcp"))[1:]:
        row = row.split()
        if row[1].endswith(f":{port:04X}"):
            return f"{STATES.get(row[3], row[3])}, {inode_name(row[9], owner)}"
    return "no row"

def mptcp_table(port, owner):
    out = subprocess.run(["ss", "--mptcp", "-Hane", "sport", "=", f":{port}"], capture_output=True, text=True).stdout.split()
    return f"{out[0]}, {inode_name(next(w[4:] for w in out if w.startswith('ino:')), owner)}" if out else "no row"

for name, proto in ("TCP", IPPROTO_TCP), ("MPTCP", IPPROTO_MPTCP):
    server = socket(AF_INET, SOCK_STREAM, proto)
    server.bind(("127.0.0.1", 0))
    server.listen()
    r, w = os.pipe()
    owner = os.fork()
    if owner == 0:
        client = socket(AF_INET, SOCK_STREAM, proto)
        client.connect(server.getsockname())
        os.write(w, f"{client.getsockname()[1]} {os.fstat(client.fileno()).st_ino}".encode())
        time.sleep(60)
        os._exit(0)
    peer, _ = server.accept()
    port, inode = os.read(r, 100).decode().split()
    os.kill(owner, signal.SIGKILL)
    os.waitpid(owner, 0)
    time.sleep(1)
    print(f"{name}, /proc/net/tcp: {tcp_table(int(port), inode)}")
    if proto == IPPROTO_MPTCP:
        print(f"{name}, ss --mptcp: {mptcp_table(int(port), inode)}")
PY
)
echo "Linux $(uname -r), $(ss --version)"
echo "$seen"
[ "$seen" = "TCP, /proc/net/tcp: FIN_WAIT2, inode 0
MPTCP, /proc/net/tcp: ESTABLISHED, the dead owner's inode
MPTCP, ss --mptcp: FIN-WAIT-2, inode 0" ]
