#!/usr/bin/env bash
# poll() calls a unix datagram socket writable although what is sent next fails with EAGAIN.
#
# Guess: POLLOUT means that the next small send will not block; with the receiver's queue full, poll() waits.
# Behaviour: it waits only on a socket that is connected to that receiver. On one that sends by sendto(), poll() knows no
# receiver, looks at the socket's own buffer alone and says "writable" at once, again and again: a loop of "EAGAIN, so poll,
# so send" spins. connect() before the poll mends it.
# Version: Linux 6.18 (the kernel alone; no privilege).
# Seen:
#   not connected: POLLOUT, then EAGAIN; POLLOUT, then EAGAIN
#   connected: nothing within 200 ms, then EAGAIN; after one recv(): POLLOUT, then sent
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
command -v python3 >/dev/null || lacks 'needs python3'

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

seen=$(python3 - <<'PY'
import select
from socket import *

receiver = socket(AF_UNIX, SOCK_DGRAM)
receiver.bind("receiver")

def sender():
    s = socket(AF_UNIX, SOCK_DGRAM)
    s.setblocking(False)
    return s

def send(s):
    try:
        s.send(b"x") if connected(s) else s.sendto(b"x", "receiver")
        return "sent"
    except BlockingIOError:
        return "EAGAIN"

def connected(s):
    try:
        return bool(s.getpeername())
    except OSError:
        return False

def wait(s):
    p = select.poll()
    p.register(s, select.POLLOUT)
    return "POLLOUT" if p.poll(200) else "nothing within 200 ms"

fillers = [sender()]  # one datagram each, so that no sender's own buffer is what is full
while send(fillers[-1]) == "sent":
    fillers.append(sender())

s = sender()
print("not connected:", "; ".join(f"{wait(s)}, then {send(s)}" for _ in range(2)))
s.connect("receiver")
print(f"connected: {wait(s)}, then {send(s)};", end=" ")
receiver.recv(1)
print(f"after one recv(): {wait(s)}, then {send(s)}")
PY
)
echo "Linux $(uname -r)"
echo "$seen"
[ "$seen" = "not connected: POLLOUT, then EAGAIN; POLLOUT, then EAGAIN
connected: nothing within 200 ms, then EAGAIN; after one recv(): POLLOUT, then sent" ]
