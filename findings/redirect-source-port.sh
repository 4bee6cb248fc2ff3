#!/usr/bin/env bash
# A redirect to a service's port changes the source port of a client, too, where the connection would otherwise be another one's.
#
# Guess: a client that has a connection from its port 7001 to the service's port 30010 gets none from the same port to port 80, which is
# redirected there: the two would be one and the same to the service.
# Behaviour: both are connected. A rule that says "redirect to :30010" is about the destination alone, but the kernel gives the second connection
# another source port on the way, which ip_local_port_range has nothing to do with. The service sees, and logs, a port that the client does not
# have: a look for the client by that port finds nobody.
# Version: Linux 6.18, nftables 1.0.6 (as root, in a network namespace of its own, where ports to be picked are 40000-40001).
# Seen:
#   directly: client 7001, the service sees 7001
#   redirected, from another port: client 7002, the service sees 7002
#   redirected, from the same port: client 7001, the service sees one outside of 40000-40001
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v nft >/dev/null && command -v python3 >/dev/null || lacks 'needs nftables and python3'
rules='table ip nat { chain out { type nat hook output priority -100; tcp dport 80 redirect to :30010; }; }'
unshare --net nft "$rules" 2>/dev/null || lacks 'needs NAT of nftables in the kernel'

seen=$(unshare --net python3 - "$rules" <<'PY'
import subprocess, sys
from socket import *

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["nft", sys.argv[1]], check=True)
open("/proc/sys/net/ipv4/ip_local_port_range", "w").write("40000 40001")
service = create_server(("127.0.0.1", 30010))
kept = []

def connect(source, port):
    client = socket()
    client.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1) # two connections from one port
    client.bind(("127.0.0.1", source))
    client.settimeout(5)
    client.connect(("127.0.0.1", port))
    accepted, peer = service.accept()
    kept.extend([client, accepted])
    sees = peer[1] if peer[1] == source else f"{'one of' if 40000 <= peer[1] <= 40001 else 'one outside of'} 40000-40001"
    return f"client {client.getsockname()[1]}, the service sees {sees}"

print("directly:", connect(7001, 30010))
print("redirected, from another port:", connect(7002, 80))
print("redirected, from the same port:", connect(7001, 80))
PY
)
echo "Linux $(uname -r), $(nft --version)"
echo "$seen"
[ "$seen" = 'directly: client 7001, the service sees 7001
redirected, from another port: client 7002, the service sees 7002
redirected, from the same port: client 7001, the service sees one outside of 40000-40001' ]
