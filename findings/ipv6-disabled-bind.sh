#!/usr/bin/env bash
# With net.ipv6.conf.all.disable_ipv6=1 a service can still listen on [::], and on any IPv6 address by IPV6_FREEBIND.
#
# Guess: IPv6 is off, so bind() of an IPv6 socket fails, at least with an address; a server takes that as the sign to go on with
# 0.0.0.0 alone.
# Behaviour: the sysctl takes the addresses from the devices and nothing else. socket() and bind() to [::] succeed, and a dual-stack
# socket serves IPv4 as ever. One with IPV6_V6ONLY, or bound by IPV6_FREEBIND to an address that cannot be there, listens
# as well, holds its port, and nobody ever reaches it.
# Version: Linux 6.18, and 5.10, 6.1, 6.12, 7.2 and 7.3 the same (the kernel alone; as root, in a network namespace of its own).
# Seen:
#   [::]: listens; an IPv4 client is served
#   [::] for IPv6 alone: listens; connect EADDRNOTAVAIL
#   ::1: EADDRNOTAVAIL; with freebind listens
#   2001:db8::1: EADDRNOTAVAIL; with freebind listens; then [::] on that port EADDRINUSE
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v python3 >/dev/null || lacks 'needs python3'
unshare --net test -w /proc/sys/net/ipv6/conf/all/disable_ipv6 2>/dev/null || lacks 'needs a network namespace with IPv6'

seen=$(unshare --net python3 - <<'PY'
import errno, subprocess
from socket import *

IPV6_FREEBIND = 78
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w").write("1")

def say(f, *arguments):
    try:
        f(*arguments)
        return "ok"
    except OSError as e:
        return errno.errorcode[e.errno]

kept = []
def listener(address, port, *options):
    s = socket(AF_INET6, SOCK_STREAM)
    for option in options:
        s.setsockopt(IPPROTO_IPV6, option, 1)
    bound = say(s.bind, (address, port))
    if bound != "ok":
        return bound
    s.listen()
    kept.append(s)
    return "listens"

print(f"[::]: {listener('::', 7000)};", "an IPv4 client is served" if say(socket(AF_INET).connect, ("127.0.0.1", 7000)) == "ok" else "unreachable")
print(f"[::] for IPv6 alone: {listener('::', 7001, IPV6_V6ONLY)}; connect {say(socket(AF_INET6).connect, ('::1', 7001))}")
print(f"::1: {listener('::1', 7002)}; with freebind {listener('::1', 7002, IPV6_FREEBIND)}")
print(f"2001:db8::1: {listener('2001:db8::1', 7003)}; with freebind {listener('2001:db8::1', 7003, IPV6_FREEBIND)}; "
      f"then [::] on that port {listener('::', 7003)}")
PY
)
echo "Linux $(uname -r)"
echo "$seen"
[ "$seen" = '[::]: listens; an IPv4 client is served
[::] for IPv6 alone: listens; connect EADDRNOTAVAIL
::1: EADDRNOTAVAIL; with freebind listens
2001:db8::1: EADDRNOTAVAIL; with freebind listens; then [::] on that port EADDRINUSE' ]
