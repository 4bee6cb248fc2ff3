#!/usr/bin/env bash
# SO_BINDTODEVICE does not keep a socket from binding an address of another device, not with IPv6 either.
#
# Guess: IPv4 addresses belong to the host, so that bind() takes any; IPv6 addresses belong to their device, so that
# bind() of a socket on another one says EADDRNOTAVAIL.
# Behaviour: a global or unique local IPv6 address of another device is taken, too; only ::1 and link-local ones are refused. The
# socket listens, and nobody on this host reaches it: connections to the host's own addresses come over lo.
# Version: Linux 6.18, and 5.10, 6.1, 6.12, 7.2 and 7.3 the same (the kernel alone; as root, in a network namespace of its own).
# Seen (the addresses are those of d0, ::1 and 127.0.0.1 those of lo):
#   a socket on d1: 10.1.0.1 listens, connect ECONNREFUSED; 127.0.0.1 listens, connect ECONNREFUSED
#   a socket on d1: 2001:db8:1::1 listens, connect ECONNREFUSED; fd00:1::1 listens, connect ECONNREFUSED
#   a socket on d1: ::1 EADDRNOTAVAIL; fe80::1 EADDRNOTAVAIL
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'
unshare --net ip link add d0 type veth peer name p0 2>/dev/null || lacks 'needs veth devices'

seen=$(unshare --net python3 - <<'PY'
import errno, subprocess
from socket import *

for command in ("link set lo up", "link add d0 type veth peer name p0", "link add d1 type veth peer name p1",
                "link set d0 up", "link set p0 up", "link set d1 up", "link set p1 up", "addr add 10.1.0.1/24 dev d0",
                "addr add 2001:db8:1::1/64 dev d0 nodad", "addr add fd00:1::1/64 dev d0 nodad", "addr add fe80::1/64 dev d0 nodad"):
    subprocess.run(["ip", *command.split()], check=True)

def say(f, *arguments):
    try:
        f(*arguments)
        return "ok"
    except OSError as e:
        return errno.errorcode[e.errno]

def look(address):
    family = AF_INET6 if ":" in address else AF_INET
    s = socket(family, SOCK_STREAM)
    s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b"d1")
    bind = say(s.bind, (address, 7000))
    if bind != "ok":
        return f"{address} {bind}"
    s.listen()
    return f"{address} listens, connect {say(socket(family, SOCK_STREAM).connect, (address, 7000))}"

for pair in ("10.1.0.1", "127.0.0.1"), ("2001:db8:1::1", "fd00:1::1"), ("::1", "fe80::1"):
    print("a socket on d1:", "; ".join(map(look, pair)))
PY
)
echo "Linux $(uname -r)"
echo "$seen"
[ "$seen" = 'a socket on d1: 10.1.0.1 listens, connect ECONNREFUSED; 127.0.0.1 listens, connect ECONNREFUSED
a socket on d1: 2001:db8:1::1 listens, connect ECONNREFUSED; fd00:1::1 listens, connect ECONNREFUSED
a socket on d1: ::1 EADDRNOTAVAIL; fe80::1 EADDRNOTAVAIL' ]
