#!/usr/bin/env bash
# A local route for a whole prefix lets a service bind each of its IPv4 addresses, but no IPv6 address.
#
# Guess: "ip route add local PREFIX dev lo" makes every address of the prefix the host's own, for bind() as for what comes in,
# with both families.
# Behaviour: what comes in is taken with both. bind() asks the routing table with IPv4, and the list of configured addresses with
# IPv6: there it says EADDRNOTAVAIL although a listener on [::] is being connected to by that very address. IPV6_FREEBIND or
# net.ipv6.ip_nonlocal_bind helps, as for an address that is not there at all.
# Version: Linux 6.18, and 5.10, 6.1, 6.12, 7.2 and 7.3 the same (the kernel alone; as root, in a network namespace of its own).
# Seen:
#   10.9.0.5: a listener on every address is reached by it; bind ok
#   2001:db8:9::5: a listener on every address is reached by it; bind EADDRNOTAVAIL, with freebind ok
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'

seen=$(unshare --net python3 - <<'PY'
import errno, subprocess
from socket import *

IPV6_FREEBIND = 78
for command in ("link set lo up", "route add local 10.9.0.0/16 dev lo", "-6 route add local 2001:db8:9::/64 dev lo"):
    subprocess.run(["ip", *command.split()], check=True)

def bind(family, address, freebind=False):
    s = socket(family, SOCK_STREAM)
    if freebind:
        s.setsockopt(IPPROTO_IPV6, IPV6_FREEBIND, 1)
    try:
        s.bind((address, 7001))
        return "ok"
    except OSError as e:
        return errno.errorcode[e.errno]

def reached(family, address):
    listener = socket(family, SOCK_STREAM)
    listener.bind(("", 7000))
    listener.listen()
    socket(family, SOCK_STREAM).connect((address, 7000))
    return listener.accept()[0].getsockname()[0] == address

for family, address in (AF_INET, "10.9.0.5"), (AF_INET6, "2001:db8:9::5"):
    print(f"{address}: a listener on every address is {'' if reached(family, address) else 'not '}reached by it; bind {bind(family, address)}"
          + (f", with freebind {bind(family, address, True)}" if family == AF_INET6 else ""))
PY
)
echo "Linux $(uname -r)"
echo "$seen"
[ "$seen" = '10.9.0.5: a listener on every address is reached by it; bind ok
2001:db8:9::5: a listener on every address is reached by it; bind EADDRNOTAVAIL, with freebind ok' ]
