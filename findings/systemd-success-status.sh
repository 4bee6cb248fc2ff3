#!/usr/bin/env bash
# SuccessExitStatus= makes a success of a failed ExecStartPre=, so that the service starts; RestartPreventExitStatus= does not look at it.
#
# Guess: both are about "the main service process", as the manual says of both; a check in ExecStartPre= that fails keeps the service
# from starting, whatever status it fails with.
# Behaviour: since some release up to 252 the statuses of SuccessExitStatus= count for control processes as well: ExecStartPre= that
# ends with one of them has succeeded, and the next command runs. RestartPreventExitStatus= is about the main process alone: a
# service whose ExecStartPre= ends with its status is restarted again and again.
# Version: systemd 252.39-1~deb12u2 and 257.13-1~deb13u1 of Debian 12 and 13 (262.1 of sid the same).
# Seen (ExecStartPre= ends with 69, Restart=on-failure, RestartSec=100ms; a second later):
#   neither: failed, restarted more than once
#   RestartPreventExitStatus=69: failed, restarted more than once
#   SuccessExitStatus=69: active, restarted 0 times
#   SuccessExitStatus=75: failed, restarted more than once
. "$(dirname "$(readlink -f "$0")")/systemd/of.bash"

# started SETTING: what becomes of the service with it.
started() {
	printf '%s\n' '[Unit]' 'StartLimitBurst=1000' '[Service]' "ExecStartPre=/bin/sh -c 'exit 69'" 'ExecStart=/bin/sleep 1000' \
		'Restart=on-failure' 'RestartSec=100ms' "$1" >"$tmp/state/rig/look.service"
	inside cp /rig/look.service /run/systemd/system/
	inside systemctl daemon-reload
	inside systemctl reset-failed
	inside systemctl start look 2>>"$tmp/log" || :
	sleep 2
	local restarts state
	restarts=$(inside systemctl show -p NRestarts --value look)
	state=$(inside systemctl is-active look) || state=failed
	[ "$restarts" -le 1 ] && restarts="$restarts times" || restarts='more than once'
	inside systemctl stop look
	echo "${1:-neither}: $state, restarted $restarts"
}
look() {
	boot "$1" "$2"
	inside systemctl --version | head -n 1 >&2
	started ''
	started RestartPreventExitStatus=69
	started SuccessExitStatus=69
	started SuccessExitStatus=75
	down
}
seen=$(look bookworm 252.39-1~deb12u2)
echo "$seen"
[ "$seen" = 'neither: failed, restarted more than once
RestartPreventExitStatus=69: failed, restarted more than once
SuccessExitStatus=69: active, restarted 0 times
SuccessExitStatus=75: failed, restarted more than once' ]
[ "$(look trixie 257.13-1~deb13u1)" = "$seen" ]
