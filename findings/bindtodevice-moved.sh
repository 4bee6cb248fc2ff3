#!/usr/bin/env bash
# A listener that is moved to another device by SO_BINDTODEVICE may land on one that is there already: nothing is checked.
#
# Guess: on a socket that listens the option is refused, or at least where bind() would be: two listeners without SO_REUSEADDR and
# SO_REUSEPORT can never have the same device, address and port.
# Behaviour: only bind() looks for a conflict. The device of a listener can be changed and taken away at any time; two sockets then
# listen on one and the same thing, and it is the later one that gets every connection, with no error for anybody. The one
# without a device gets nothing as long as one of the device is there.
# Version: Linux 6.18, and 5.10, 6.1, 6.12, 7.2 and 7.3 the same (the kernel alone; as root, in a network namespace of its own).
# Seen (a on lo, b on another device, both on 0.0.0.0 and one port; where 20 connections over lo go):
#   b on d0: a 20; a newcomer EADDRINUSE
#   b on no device: a 20
#   b on lo: b 20
#   ss: 2 listeners on 0.0.0.0%lo:7000
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
command -v ss >/dev/null || lacks 'needs iproute2'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'
unshare --net ip link add d0 type veth peer name d1 2>/dev/null || lacks 'needs veth devices'

seen=$(unshare --net python3 - <<'PY'
import errno, subprocess
from socket import *

for command in "ip link set lo up", "ip link add d0 type veth peer name d1", "ip link set d0 up", "ip link set d1 up":
    subprocess.run(command.split(), check=True)

def tcp(device=""):
    s = socket(AF_INET, SOCK_STREAM)
    s.setblocking(False)
    s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, device.encode())
    return s

def listener(device):
    s = tcp(device)
    s.bind(("0.0.0.0", 7000))
    s.listen()
    return s

def newcomer():
    try:
        tcp().bind(("0.0.0.0", 7000))
        return "ok"
    except OSError as e:
        return errno.errorcode[e.errno]

def taken(s):
    n = 0
    try:
        while True:
            s.accept()
            n += 1
    except BlockingIOError:
        return n

def spread():
    for _ in range(20):
        socket(AF_INET, SOCK_STREAM).connect(("127.0.0.1", 7000))
    return ", ".join(f"{name} {n}" for name, n in (("a", taken(a)), ("b", taken(b))) if n)

a, b = listener("lo"), listener("d0")
print(f"b on d0: {spread()}; a newcomer {newcomer()}")
b.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b"")
print(f"b on no device: {spread()}")
b.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b"lo")
print(f"b on lo: {spread()}")
table = subprocess.run(["ss", "-Hltn", "sport = 7000"], capture_output=True, text=True).stdout
print("ss:", table.count("0.0.0.0%lo:7000"), "listeners on 0.0.0.0%lo:7000")
PY
)
echo "Linux $(uname -r)"
echo "$seen"
[ "$seen" = 'b on d0: a 20; a newcomer EADDRINUSE
b on no device: a 20
b on lo: b 20
ss: 2 listeners on 0.0.0.0%lo:7000' ]
