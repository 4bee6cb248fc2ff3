#!/usr/bin/env bash
# A VXLAN device with a local address has its UDP port on every IPv4 address, and only while it is up.
#
# Guess: "local 127.0.0.1" is what the tunnel's socket binds, so that another service may have the port on 127.0.0.2.
# Behaviour: "local" is the source address of what is sent. The kernel's socket is on 0.0.0.0, with no process and no SO_REUSEADDR
# that would help; it is made when the device goes up and closed when it goes down, and going up fails with "Address already in use" when
# any program has the port on any address.
# Version: Linux 6.18, and 5.10, 6.1, 6.12, 7.2 and 7.3 the same; iproute2 6.1 (as root, in a network namespace of its own).
# Seen:
#   down: 127.0.0.2 ok
#   up: 0.0.0.0, no process; 127.0.0.2 EADDRINUSE, with SO_REUSEADDR EADDRINUSE, ::1 ok
#   down again: 127.0.0.2 ok; with a program on 127.0.0.2 up fails: Address already in use
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
command -v ss >/dev/null || lacks 'needs iproute2'
unshare --net ip link add vx type vxlan id 5 dstport 7000 2>/dev/null || lacks 'needs VXLAN devices'

seen=$(unshare --net python3 - <<'PY'
import errno, subprocess
from socket import *

def run(command):
    return subprocess.run(command.split(), capture_output=True, text=True)

run("ip link set lo up")
run("ip link add vx type vxlan id 5 local 127.0.0.1 dstport 7000 dev lo")

def udp(address, reuse=0):
    s = socket(AF_INET6 if ":" in address else AF_INET, SOCK_DGRAM)
    s.setsockopt(SOL_SOCKET, SO_REUSEADDR, reuse)
    s.bind((address, 7000))
    return s

def bind(*arguments):
    try:
        udp(*arguments)
        return "ok"
    except OSError as e:
        return errno.errorcode[e.errno]

print("down: 127.0.0.2", bind("127.0.0.2"))
run("ip link set vx up")
row = run("ss -Huanp sport = 7000").stdout.split()
print(f"up: {row[3].split(':')[0]}, {'no process' if 'users:' not in ' '.join(row) else 'a process'}; 127.0.0.2 {bind('127.0.0.2')}, "
      f"with SO_REUSEADDR {bind('127.0.0.2', 1)}, ::1 {bind('::1')}")
run("ip link set vx down")
print("down again: 127.0.0.2", bind("127.0.0.2"), end="; ")
held = udp("127.0.0.2")
print("with a program on 127.0.0.2 up fails:", run("ip link set vx up").stderr.strip().rpartition(": ")[2])
PY
)
echo "Linux $(uname -r), $(ip -V)"
echo "$seen"
[ "$seen" = 'down: 127.0.0.2 ok
up: 0.0.0.0, no process; 127.0.0.2 EADDRINUSE, with SO_REUSEADDR EADDRINUSE, ::1 ok
down again: 127.0.0.2 ok; with a program on 127.0.0.2 up fails: Address already in use' ]
