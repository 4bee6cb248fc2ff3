#!/usr/bin/env bash
# Two of three netcats set SO_REUSEADDR on the connection that they make, so that a service binds beside it.
#
# Guess: nc as a client sets no option on its socket, as hardly any client does: while it is connected, nobody else can have
# its near port on every address.
# Behaviour: busybox nc and nc.traditional set SO_REUSEADDR before connect(), without -p as well; nc.openbsd does not. Beside their
# connections a service with SO_REUSEADDR starts, and one without it does not: whether a script that "takes the port with nc" takes
# it hangs on which package /bin/nc is from.
# Version: busybox-static 1:1.35.0-4+deb12u1+b1, netcat-openbsd 1.219-1 and netcat-traditional 1.10-47 of Debian 12 (as root, in a network
# namespace of its own).
# Seen (a service binds the near port of a connection):
#   busybox nc: without SO_REUSEADDR EADDRINUSE, with it ok
#   nc.openbsd: without SO_REUSEADDR EADDRINUSE, with it EADDRINUSE
#   nc.traditional: without SO_REUSEADDR EADDRINUSE, with it ok
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download busybox-static=1:1.35.0-4+deb12u1+b1 netcat-openbsd=1.219-1 netcat-traditional=1.10-47 libbsd0 >apt.log 2>&1 ||
	lacks "needs Debian 12's busybox-static and netcats"
for deb in *.deb; do dpkg -x "$deb" .; done
export LD_LIBRARY_PATH=$tmp/usr/lib/$(uname -m)-linux-gnu
busybox=$(find "$tmp" -path "*bin/busybox" -type f)
"$busybox" | head -n 1 | cut -d' ' -f1,2

seen=$(unshare --net python3 - "$busybox" <<'PY'
import errno, subprocess, sys
from socket import *

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

def bind(port, reuse):
    s = socket(AF_INET, SOCK_STREAM)
    s.setsockopt(SOL_SOCKET, SO_REUSEADDR, reuse)
    try:
        s.bind(("", port))
        return "ok"
    except OSError as e:
        return errno.errorcode[e.errno]
    finally:
        s.close()

server = create_server(("127.0.0.1", 7000))
for command in [sys.argv[1], "nc"], ["bin/nc.openbsd"], ["bin/nc.traditional"]:
    client = subprocess.Popen(command + ["127.0.0.1", "7000"], stdin=subprocess.PIPE)
    accepted, (_, port) = server.accept()
    name = "busybox nc" if len(command) == 2 else command[0][4:]
    print(f"{name}: without SO_REUSEADDR {bind(port, 0)}, with it {bind(port, 1)}")
    client.kill()
    client.wait()
    accepted.close()
PY
)
echo "$seen"
[ "$seen" = 'busybox nc: without SO_REUSEADDR EADDRINUSE, with it ok
nc.openbsd: without SO_REUSEADDR EADDRINUSE, with it EADDRINUSE
nc.traditional: without SO_REUSEADDR EADDRINUSE, with it ok' ]
