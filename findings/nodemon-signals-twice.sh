#!/usr/bin/env bash
# nodemon sends the program its signal twice, so an orderly stop asked for by process.once() is cut short.
#
# Guess: for a restart nodemon signals its child once, waits until it has ended, and starts it again; the child sees to its own
# children.
# Behaviour: it signals the child, then every descendant of the child by its pid, and, when no descendant is left (at once
# where there was none), the child a second time. A handler that stays set runs twice; one set by process.once() is gone by
# then, and the second signal ends the program in the middle of what the first began. The README says that the signal "can"
# be sent again: it always is.
# Version: nodemon 3.1.14 (with the node that is there; no privilege).
# Seen:
#   on: started, asked to stop, asked to stop, stopped in order, started
#   once: started, asked to stop, started
#   on, with a child: started, asked to stop, child ended by SIGUSR2, asked to stop, stopped in order, started
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
command -v node >/dev/null && command -v npm >/dev/null || lacks 'needs node and npm'

tmp=$(mktemp -d)
nodemon=
end() {
	[ -z "$nodemon" ] || kill "$nodemon" 2>/dev/null || :
	wait
	rm -rf "$tmp"
}
trap end EXIT
cd "$tmp"
npm install --silent --no-fund --no-audit nodemon@3.1.14 >npm.log 2>&1 || lacks 'needs nodemon 3.1.14'
echo "nodemon $(node_modules/.bin/nodemon --version), node $(node --version)"

cat >program.js <<'JS'
const [set, child] = process.argv.slice(2)
const log = line => require('fs').appendFileSync('log', line + '\n')
let stopping = false
process[set]('SIGUSR2', () => {
  log('asked to stop')
  if (stopping) return
  stopping = true
  setTimeout(() => { log('stopped in order'); process.exit() }, 2500)
})
if (child) require('child_process').spawn('cat').on('exit', (_, signal) => log('child ended by ' + signal))
setInterval(() => {}, 1000)
log('started')
JS

# starts N: waits until the program has been started N times, fifteen seconds at most.
starts() {
	for _ in $(seq 150); do
		[ "$(grep -cs started log)" != "$1" ] || return 0
		sleep 0.1
	done
	lacks "the program was not started $1 times"
}

seen=
# look NAME ARGUMENT...: what the program with these arguments does when a watched file changes.
look() {
	rm -f log
	echo 0 >watched.json
	node_modules/.bin/nodemon --quiet --watch watched.json program.js "${@:2}" </dev/null &
	nodemon=$!
	starts 1
	sleep 1 # until it watches
	echo 1 >watched.json
	starts 2
	seen+="$1: $(paste -sd, log | sed 's/,/, /g')
"
	kill $nodemon
	wait $nodemon || :
	nodemon=
}
look on on
look once once
look 'on, with a child' on child
printf %s "$seen"
[ "$seen" = 'on: started, asked to stop, asked to stop, stopped in order, started
once: started, asked to stop, started
on, with a child: started, asked to stop, child ended by SIGUSR2, asked to stop, stopped in order, started
' ]
