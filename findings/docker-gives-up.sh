#!/usr/bin/env bash
# A container with "--restart always" stays down for good when its published port is taken at the moment of a restart.
#
# Guess: docker tries again, after a growing delay, as it does with a container that ends; at the latest when the port is free.
# Behaviour: a start that fails for the port is the last one, whether the container has ended by itself or dockerd has come up. It says
# "Exited" with the status of its last run, the reason is in State.Error, and a start by hand helps.
# Version: docker.io 20.10.24+dfsg1-1+deb12u1+b6 of Debian 12 (as root, in namespaces of its own).
# Seen:
#   ended by itself, port taken: exited, 1 restart, address already in use
#   the port is free, 15 s later: exited, 1 restart
#   started by hand: running
#   dockerd started, port taken: exited, 0 restarts, address already in use
#   the port is free, 15 s later: exited, 0 restarts
. "$(dirname "$(readlink -f "$0")")/containers/here.bash"
version=20.10.24+dfsg1-1+deb12u1+b6

seen=$(inside bookworm "docker.io=$version,iptables" <<'IN'
# state: what docker says of the container.
state() {
	docker inspect -f '{{.State.Status}}, {{.RestartCount}} restarts{{if .State.Error}}, {{.State.Error}}{{end}}' look |
		sed 's/, 1 restarts/, 1 restart/; s/, driver failed .*: /, /'
}
exited() { [ "$(docker inspect -f '{{.State.Status}}' look)" = exited ]; }
# taken: takes the port as soon as it is free, and has it until it is killed.
taken() {
	rm -f /has
	python3 -c '
import socket, time
while True:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("", 7000))
            s.listen()
        except OSError:
            time.sleep(0.0002)
            continue
        open("/has", "w")
        time.sleep(1000)
' &
	holder=$!
}
dockerd
image docker
docker run -d --name look --restart always -p 7000:80 image:1 /busybox sleep 12 >/dev/null
taken
until_so test -e /has
until_so exited
sleep 2
echo "ended by itself, port taken: $(state)"
kill $holder
wait $holder 2>/dev/null || :
sleep 15
echo "the port is free, 15 s later: $(state | cut -d, -f1,2)"
docker start look >/dev/null
echo "started by hand: $(docker inspect -f '{{.State.Status}}' look)"
kill $daemon
wait $daemon || :
taken
until_so test -e /has
dockerd
until_so exited
sleep 2
echo "dockerd started, port taken: $(state)"
kill $holder
wait $holder 2>/dev/null || :
sleep 15
echo "the port is free, 15 s later: $(state | cut -d, -f1,2)"
kill $daemon
wait $daemon || :
IN
)
echo "docker $version"
echo "$seen"
[ "$seen" = 'ended by itself, port taken: exited, 1 restart, address already in use
the port is free, 15 s later: exited, 1 restart
started by hand: running
dockerd started, port taken: exited, 0 restarts, address already in use
the port is free, 15 s later: exited, 0 restarts' ]
