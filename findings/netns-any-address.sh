#!/usr/bin/env bash
# In a network namespace that never had an address, any IPv4 address can be bound.
#
# Guess: bind() to an address that is not there fails with EADDRNOTAVAIL, in a new namespace as anywhere; 127.0.0.1 too, as long as
# lo is down.
# Behaviour: whether an IPv4 address is the host's own is looked up in the table "local", which a new namespace does not have
# before its first address. Without it every address passes, for TCP (listen() as well) and UDP. The table appears with
# "ip link set lo up" and stays when lo goes down; what was bound before stays bound. IPv6 refuses from the beginning.
# Version: Linux 6.18, and 5.10, 6.1, 6.12, 7.2 and 7.3 the same (the kernel alone; as root, in a network namespace of its own).
# Seen:
#   new: 127.0.0.1 ok, 192.0.2.1 ok (UDP ok), ::1 EADDRNOTAVAIL, 2001:db8::1 EADDRNOTAVAIL
#   lo up: 127.0.0.1 ok, 192.0.2.1 EADDRNOTAVAIL (UDP EADDRNOTAVAIL), ::1 ok, 2001:db8::1 EADDRNOTAVAIL
#   lo down again: 127.0.0.1 ok, 192.0.2.1 EADDRNOTAVAIL (UDP EADDRNOTAVAIL), ::1 EADDRNOTAVAIL, 2001:db8::1 EADDRNOTAVAIL
#   the first socket still listens on 192.0.2.1
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'

seen=$(unshare --net python3 - <<'PY'
import errno, subprocess
from socket import *

def attempt(address, kind=SOCK_STREAM, keep=None):
    s = socket(AF_INET6 if ":" in address else AF_INET, kind)
    try:
        s.bind((address, 7000 if keep is None else keep))
        if kind == SOCK_STREAM:
            s.listen()
        return s if keep else "ok"
    except OSError as e:
        return errno.errorcode[e.errno]
    finally:
        if not keep:
            s.close()

def look(when):
    print(f"{when}: 127.0.0.1 {attempt('127.0.0.1')}, 192.0.2.1 {attempt('192.0.2.1')} (UDP {attempt('192.0.2.1', SOCK_DGRAM)}), "
          f"::1 {attempt('::1')}, 2001:db8::1 {attempt('2001:db8::1')}")

look("new")
first = attempt("192.0.2.1", keep=7001)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
look("lo up")
subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
look("lo down again")
listens = first.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)
print(f"the first socket {'still listens' if listens else 'listens no more'} on {first.getsockname()[0]}")
PY
)
echo "Linux $(uname -r)"
echo "$seen"
[ "$seen" = 'new: 127.0.0.1 ok, 192.0.2.1 ok (UDP ok), ::1 EADDRNOTAVAIL, 2001:db8::1 EADDRNOTAVAIL
lo up: 127.0.0.1 ok, 192.0.2.1 EADDRNOTAVAIL (UDP EADDRNOTAVAIL), ::1 ok, 2001:db8::1 EADDRNOTAVAIL
lo down again: 127.0.0.1 ok, 192.0.2.1 EADDRNOTAVAIL (UDP EADDRNOTAVAIL), ::1 EADDRNOTAVAIL, 2001:db8::1 EADDRNOTAVAIL
the first socket still listens on 192.0.2.1' ]
