#!/usr/bin/env bash
# SO_REUSEPORT need not be set before bind(): set on a socket that listens already, it opens the port all the same.
#
# Guess: as socket(7) and every example say, each socket of the port must set it before bind(); one that was bound without it
# keeps the port for itself.
# Behaviour: bind() of a newcomer looks at what the others have set now. A listener that gets the option later, from its owner or
# from anyone with a duplicate of the descriptor, shares its port and from then on its connections, by half. Taking the
# option back changes nothing as long as one that has it is there.
# Version: Linux 6.18, and 5.10, 6.1, 6.12, 7.2 and 7.3 the same (the kernel alone; as root, in a network namespace of its own).
# Seen (both newcomers have SO_REUSEPORT, and the holder was bound without):
#   TCP: without EADDRINUSE; set on the holder ok, each gets some of 40; taken back ok
#   UDP: without EADDRINUSE; set on the holder ok, each gets some of 40; taken back ok
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'

seen=$(unshare --net python3 - <<'PY'
import errno, subprocess
from socket import *

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
address = ("127.0.0.1", 7000)

def bound(kind, share):
    s = socket(AF_INET, kind)
    s.setblocking(False)
    s.setsockopt(SOL_SOCKET, SO_REUSEPORT, share)
    s.bind(address)
    if kind == SOCK_STREAM:
        s.listen()
    return s

def newcomer(kind):
    try:
        return "ok", bound(kind, 1)
    except OSError as e:
        return errno.errorcode[e.errno], None

def gets(s):
    try:
        s.accept() if s.type == SOCK_STREAM else s.recv(1)
        return 1
    except BlockingIOError:
        return 0

def spread(kind, a, b):
    counts = [0, 0]
    for _ in range(40):
        c = socket(AF_INET, kind)
        c.connect(address)
        c.send(b"x")
        counts[0] += gets(a)
        counts[1] += gets(b)
    return "each gets some of 40" if min(counts) > 0 and sum(counts) == 40 else str(counts)

for name, kind in ("TCP", SOCK_STREAM), ("UDP", SOCK_DGRAM):
    holder = bound(kind, 0)
    without, _ = newcomer(kind)
    holder.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
    after, second = newcomer(kind)
    shared = spread(kind, holder, second)
    holder.setsockopt(SOL_SOCKET, SO_REUSEPORT, 0)
    print(f"{name}: without {without}; set on the holder {after}, {shared}; taken back {newcomer(kind)[0]}")
    holder.close()
    second.close()
PY
)
echo "Linux $(uname -r)"
echo "$seen"
[ "$seen" = 'TCP: without EADDRINUSE; set on the holder ok, each gets some of 40; taken back ok
UDP: without EADDRINUSE; set on the holder ok, each gets some of 40; taken back ok' ]
