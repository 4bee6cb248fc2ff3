#!/usr/bin/env bash
# A socket in TCP_REPAIR may bind where somebody listens, and yet keeps others out.
#
# Guess: repair mode, made for restoring connections, takes the socket out of all conflicts: it binds everything, and whoever comes
# later binds as if it were not there.
# Behaviour: it works in one direction. The socket in repair binds beside a listener without any option on either. A newcomer without
# SO_REUSEADDR is refused because of it, one with SO_REUSEADDR is not, whatever the socket itself has set; SO_REUSEADDR of
# the socket in repair reads as 2.
# Version: Linux 6.18, and 5.10, 6.1, 6.12, 7.2 and 7.3 the same (the kernel alone; as root, in a network namespace of its own).
# Seen:
#   in repair: binds beside a listener, SO_REUSEADDR 2
#   the listener gone: a newcomer EADDRINUSE, with SO_REUSEADDR ok, with SO_REUSEPORT EADDRINUSE
#   out of repair: SO_REUSEADDR 0, a newcomer with SO_REUSEADDR EADDRINUSE
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'

seen=$(unshare --net python3 - <<'PY'
import errno, subprocess
from socket import *

TCP_REPAIR = 19
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

def newcomer(option=None):
    s = socket(AF_INET, SOCK_STREAM)
    if option:
        s.setsockopt(SOL_SOCKET, option, 1)
    try:
        s.bind(("127.0.0.1", 7000))
        return "ok"
    except OSError as e:
        return errno.errorcode[e.errno]
    finally:
        s.close()

listener = socket(AF_INET, SOCK_STREAM)
listener.bind(("127.0.0.1", 7000))
listener.listen()
repaired = socket(AF_INET, SOCK_STREAM)
repaired.setsockopt(IPPROTO_TCP, TCP_REPAIR, 1)
repaired.bind(("127.0.0.1", 7000))
print(f"in repair: binds beside a listener, SO_REUSEADDR {repaired.getsockopt(SOL_SOCKET, SO_REUSEADDR)}")
listener.close()
print(f"the listener gone: a newcomer {newcomer()}, with SO_REUSEADDR {newcomer(SO_REUSEADDR)}, with SO_REUSEPORT {newcomer(SO_REUSEPORT)}")
repaired.setsockopt(IPPROTO_TCP, TCP_REPAIR, 0)
print(f"out of repair: SO_REUSEADDR {repaired.getsockopt(SOL_SOCKET, SO_REUSEADDR)}, a newcomer with SO_REUSEADDR {newcomer(SO_REUSEADDR)}")
PY
)
echo "Linux $(uname -r)"
echo "$seen"
[ "$seen" = 'in repair: binds beside a listener, SO_REUSEADDR 2
the listener gone: a newcomer EADDRINUSE, with SO_REUSEADDR ok, with SO_REUSEPORT EADDRINUSE
out of repair: SO_REUSEADDR 0, a newcomer with SO_REUSEADDR EADDRINUSE' ]
