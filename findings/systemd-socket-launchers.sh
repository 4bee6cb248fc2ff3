#!/usr/bin/env bash
# Behind `runuser -u` or `timeout` a socket-activated service is passed nothing that it may take: LISTEN_PID names the launcher.
#
# Guess: both become the program, as setpriv, nice and env do: what systemd passes, descriptor 3 and LISTEN_PID, reaches it.
# Behaviour: runuser forks for PAM's session and timeout to watch, the descriptor is there, and LISTEN_PID is the launcher's, so that
# sd_listen_fds() says 0: a server that can do without binds the port itself and finds it taken, by the socket unit that started it.
# setsid forks where it leads its group already, which a service always does. systemd-inhibit closes the descriptor, too.
# Version: systemd 257.13-1~deb13u1 of Debian 13, util-linux 2.41, coreutils 9.7 (252 of Debian 12 with its own the same).
# Seen (LISTEN_PID, descriptor 3):
#   env: its own, open
#   nice: its own, open
#   setpriv --reuid nobody: its own, open
#   unshare --mount: its own, open
#   runuser -u nobody --: another's, open
#   timeout 100: another's, open
#   setsid --wait: another's, open
#   unshare --fork: another's, open
#   systemd-inhibit: another's, closed
. "$(dirname "$(readlink -f "$0")")/systemd/of.bash"

boot trixie 257.13-1~deb13u1
inside systemctl --version | head -n 1
cat >"$tmp/state/rig/look.py" <<'PY'
import os
pid = "its own" if os.environ.get("LISTEN_PID") == str(os.getpid()) else "another's"
try:
    os.fstat(3)
    print(pid, "open", sep=", ", file=open("/run/look", "w"))
except OSError:
    print(pid, "closed", sep=", ", file=open("/run/look", "w"))
PY
printf '[Socket]\nListenStream=7000\n' >"$tmp/state/rig/look.socket"
inside cp /rig/look.socket /run/systemd/system/
seen=
for launcher in env nice 'setpriv --reuid nobody' 'unshare --mount' 'runuser -u nobody --' 'timeout 100' 'setsid --wait' 'unshare --fork' systemd-inhibit; do
	printf '[Service]\nType=oneshot\nExecStart=%s /usr/bin/python3 /rig/look.py\n' "$(inside which "${launcher%% *}")${launcher#"${launcher%% *}"}" \
		>"$tmp/state/rig/look.service"
	inside cp /rig/look.service /run/systemd/system/
	inside systemctl daemon-reload
	inside systemctl start look.socket
	inside bash -c 'echo nothing >/run/look; chmod 666 /run/look; systemctl start look.service' 2>>"$tmp/log" || :
	seen+="$launcher: $(inside cat /run/look)
"
	inside systemctl stop look.socket
done
down
echo "$seen"
[ "$seen" = "env: its own, open
nice: its own, open
setpriv --reuid nobody: its own, open
unshare --mount: its own, open
runuser -u nobody --: another's, open
timeout 100: another's, open
setsid --wait: another's, open
unshare --fork: another's, open
systemd-inhibit: another's, closed
" ]
