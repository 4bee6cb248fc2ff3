#!/usr/bin/env bash
# "jcmd PID ManagementAgent.start" that fails because its port is taken leaves the JVM listening on another port.
#
# Guess: the command prints the error, ends with 1, and the JVM is as before: status "disabled", no port.
# Behaviour: message, status and "Agent: disabled" are so, but a random port on every address is open from then on, for as long as the
# JVM runs: the connector is exported before the registry that would name it is bound. A later start on a free port
# uses that one. "ManagementAgent.stop" does not close it.
# Version: OpenJDK 17.0.21.1+2-1~deb12u1 of Debian 12, and 17.0.15 (as root, in a network namespace of its own).
# Seen:
#   before: 0 ports
#   start on a taken port: status 1, Agent: disabled, 1 port on every address
#   stop: 1 port on every address
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v ss >/dev/null && command -v python3 >/dev/null || lacks 'needs iproute2 and python3'
unshare --net true 2>/dev/null || lacks 'needs a network namespace'
version=17.0.21.1+2-1~deb12u1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download openjdk-17-jre-headless=$version openjdk-17-jdk-headless=$version >apt.log 2>&1 || lacks "needs Debian's OpenJDK $version"
for deb in *.deb; do dpkg -x "$deb" .; done
find usr -type l -lname '/etc/*' | while read -r link; do ln -sf "$tmp$(readlink "$link")" "$link"; done
PATH=$(echo "$tmp"/usr/lib/jvm/java-17-openjdk-*/bin):$PATH
java -version 2>version.log || lacks 'needs the libraries of OpenJDK'
head -n 1 version.log
cat >Idle.java <<'JAVA'
public class Idle {
	public static void main(String[] arguments) throws Exception {
		System.out.println("up");
		Thread.sleep(120_000);
	}
}
JAVA
javac Idle.java

seen=$(unshare --net bash -eu <<'SH'
ip link set lo up
until_so() { for _ in $(seq 300); do ! "$@" 2>/dev/null || return 0; sleep 0.1; done; }
python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 7000)); time.sleep(120)' &
holder=$!
java -cp . Idle >out 2>jvm.log &
jvm=$!
trap 'kill $holder $jvm' EXIT
until_so grep -q up out
until_so grep -q 7000 <(ss -Hltn)
ports() { ss -Hltnp | grep "pid=$jvm," | awk '{print $4}' | sed 's/:[0-9]*$//; s/\*/every address/' | sort | uniq -c | awk '{n = $1; $1 = ""; print n " port on" $0}' | grep . || echo '0 ports'; }
echo "before: $(ports)"
status=0
jcmd $jvm ManagementAgent.start jmxremote.port=7000 jmxremote.authenticate=false jmxremote.ssl=false >start.log 2>&1 || status=$?
echo "start on a taken port: status $status, $(jcmd $jvm ManagementAgent.status | grep -o 'Agent: .*'), $(ports)"
jcmd $jvm ManagementAgent.stop >/dev/null
echo "stop: $(ports)"
SH
)
echo "$seen"
[ "$seen" = 'before: 0 ports
start on a taken port: status 1, Agent: disabled, 1 port on every address
stop: 1 port on every address' ]
