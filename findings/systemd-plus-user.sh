#!/usr/bin/env bash
# In an ExecStartPre=+ line, which root runs, $USER, $HOME and $LOGNAME are those of the unit's User=.
#
# Guess: "+" runs a command line with full privileges, that is as root, with root's name and home in the environment, as sudo or
# setpriv --reset-env give them.
# Behaviour: the process is root's (id -u: 0) and is told that it is the user, on the command line (${USER}) and in its environment
# alike; what it writes below $HOME is root's in the user's home. With "!" it is the same. SetLoginEnvironment= of later releases changes
# nothing of it. Without User= $USER is empty with 252, and "root" from 257 on.
# Version: systemd 252.39-1~deb12u2 of Debian 12; 257.13 of Debian 13 and 262.1 of sid do the same but for the last line.
# Seen:
#   User=games, +: id 0, argument games, USER games, LOGNAME games, HOME /usr/games
#   User=games, !: id 0, argument games, USER games, LOGNAME games, HOME /usr/games
#   User=games, no prefix: id 5, argument games, USER games, LOGNAME games, HOME /usr/games
#   no User=, +: id 0, argument , USER , LOGNAME , HOME 
. "$(dirname "$(readlink -f "$0")")/systemd/here.bash"
inside systemctl --version | head -n 1

# look NAME USER-LINE PREFIX: what a command of a unit with this line and prefix is told.
look() {
	cat >state/rig/look.service <<-UNIT
		[Service]
		Type=oneshot
		$2
		ExecStartPre=$3/bin/sh -c 'echo "id \$\$(id -u), argument \$\$1, USER \$\$USER, LOGNAME \$\$LOGNAME, HOME \$\$HOME" >&2' look \${USER}
		ExecStart=/bin/true
		StandardError=append:/rig/said
	UNIT
	: >state/rig/said
	chmod 666 state/rig/said
	inside cp /rig/look.service /run/systemd/system/look.service
	inside systemctl daemon-reload
	inside systemctl start look
	echo "$1: $(cat state/rig/said)"
}
seen="$(look 'User=games, +' User=games +)
$(look 'User=games, !' User=games !)
$(look 'User=games, no prefix' User=games '')
$(look 'no User=, +' '' +)"
echo "$seen"
[ "$seen" = 'User=games, +: id 0, argument games, USER games, LOGNAME games, HOME /usr/games
User=games, !: id 0, argument games, USER games, LOGNAME games, HOME /usr/games
User=games, no prefix: id 5, argument games, USER games, LOGNAME games, HOME /usr/games
no User=, +: id 0, argument , USER , LOGNAME , HOME ' ]
