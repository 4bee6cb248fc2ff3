#!/usr/bin/env bash
# A TCP socket can listen on a multicast or broadcast address of IPv4, and then nothing else can have the port.
#
# Guess: TCP knows no groups, so bind() of a TCP socket to such an address fails, with EADDRNOTAVAIL or EINVAL.
# Behaviour: with IPv4 bind() and listen() succeed, although nobody can ever connect. The socket is in the way of a service on
# every address and of no single one, as any specific address. With IPv6 bind() says EINVAL.
# Version: Linux 6.18, and 5.10, 6.1, 6.12, 7.2 and 7.3 the same (the kernel alone; as root, in a network namespace of its own).
# Seen:
#   224.0.0.1: listens; connect ENETUNREACH; beside it 127.0.0.1 ok, every address EADDRINUSE
#   255.255.255.255: listens; connect ENETUNREACH; beside it 127.0.0.1 ok, every address EADDRINUSE
#   127.255.255.255: listens; connect ENETUNREACH; beside it 127.0.0.1 ok, every address EADDRINUSE
#   ff02::1: EINVAL
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'

seen=$(unshare --net python3 - <<'PY'
import errno, subprocess
from socket import *

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

def say(f, *arguments):
    try:
        f(*arguments)
        return "ok"
    except OSError as e:
        return errno.errorcode[e.errno]

def tcp():
    s = socket(AF_INET, SOCK_STREAM)
    s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    return s

for port, address in enumerate(("224.0.0.1", "255.255.255.255", "127.255.255.255"), 7000):
    s = tcp()
    s.bind((address, port))
    s.listen()
    print(f"{address}: {'listens' if s.getsockopt(SOL_SOCKET, SO_ACCEPTCONN) else 'does not listen'}; "
          f"connect {say(tcp().connect, (address, port))}; "
          f"beside it 127.0.0.1 {say(tcp().bind, ('127.0.0.1', port))}, every address {say(tcp().bind, ('', port))}")
print("ff02::1:", say(socket(AF_INET6, SOCK_STREAM).bind, ("ff02::1", 7000, 0, 1)))
PY
)
echo "Linux $(uname -r)"
echo "$seen"
[ "$seen" = '224.0.0.1: listens; connect ENETUNREACH; beside it 127.0.0.1 ok, every address EADDRINUSE
255.255.255.255: listens; connect ENETUNREACH; beside it 127.0.0.1 ok, every address EADDRINUSE
127.255.255.255: listens; connect ENETUNREACH; beside it 127.0.0.1 ok, every address EADDRINUSE
ff02::1: EINVAL' ]
