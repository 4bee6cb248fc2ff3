#!/usr/bin/env bash
# SO_REUSEPORT's "same user" is neither of the processes' user: it is the owner of the socket's inode.
#
# Guess: sockets of one process, all with SO_REUSEPORT, may share a port, whatever is done to their descriptors.
# Behaviour: fchown(2) on a socket changes the user that bind() compares. A second socket of the same process, given away
# before bind(), is refused. Giving away the socket that has the port already acts at once for UDP; a TCP port remembers the
# user of the first bind() and goes on letting that user in, until the new owner's socket has bound once: then it is the
# first user who is refused.
# Version: Linux 6.18 (the kernel alone; as root, in a network namespace of its own).
# Seen:
#   TCP: mine ok, other's EADDRINUSE; holder given away: mine ok, other's ok, mine EADDRINUSE
#   UDP: mine ok, other's EADDRINUSE; holder given away: mine EADDRINUSE, other's ok, mine EADDRINUSE
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'

seen=$(unshare --net python3 - <<'PY'
import errno, os
from socket import *

def attempt(kind, user=None, keep=False):
    s = socket(AF_INET, kind)
    s.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
    if user is not None:
        os.fchown(s.fileno(), user, -1)
    try:
        s.bind(("0.0.0.0", 7000))
    except OSError as e:
        s.close()
        return errno.errorcode[e.errno]
    if keep:
        return s
    s.close()
    return "ok"

for name, kind in ("TCP", SOCK_STREAM), ("UDP", SOCK_DGRAM):
    holder = attempt(kind, keep=True)
    if kind == SOCK_STREAM:
        holder.listen()
    before = f"mine {attempt(kind)}, other's {attempt(kind, 1)}"
    os.fchown(holder.fileno(), 1, -1)
    print(f"{name}: {before}; holder given away: mine {attempt(kind)}, other's {attempt(kind, 1)}, mine {attempt(kind)}")
    holder.close()
PY
)
echo "Linux $(uname -r)"
echo "$seen"
[ "$seen" = "TCP: mine ok, other's EADDRINUSE; holder given away: mine ok, other's ok, mine EADDRINUSE
UDP: mine ok, other's EADDRINUSE; holder given away: mine EADDRINUSE, other's ok, mine EADDRINUSE" ]
