package guard

import "portguard/cmd/portguard/internal/mend"

// strayRules are words that stand where only flags do, as other programs take them. What only looks comes before what acts: "stop 8080" says
// who has it.
func strayRules() []mend.Rule {
	const (
		flag       = `(--[a-z-]+|-[a-z])` // without a value, or the word would be none of the stray ones
		looks      = `(check|who|whois|which|what|free|find|info|test|is|stop|killport|kill-port|freeport|fuser|lsof|ss|netstat|list|ls|status|ports|ps)`
		port       = `((?:localhost:|\[[0-9a-f:]*\]:|[0-9.]+:|:)?[0-9][0-9,-]*(?:/tcp|/udp)?)`
		notFlag    = `"$2" is not a flag`
		noValue    = `$1 takes no value such as "$2"`
		noCommand  = `there is no command "$1"`
		needsEnd   = `( |$)`
		startsWith = `^¦(run|exec|start|launch)`
	)
	return []mend.Rule{
		// The value of a flag that takes none, and never one port more for it.
		{Typed: `(--kill) ¦((?:SIG)?(?:1|2|3|9|15|HUP|INT|QUIT|KILL|TERM))` + needsEnd, Meant: "$1 --signal $2 ", Problem: noValue + ": --signal says which signal"},
		{Typed: flag + ` ¦((?i:yes|true|on|1))` + needsEnd, Meant: "$1 ", Problem: noValue},
		{Typed: flag + ` ¦((?i:no|false|off|never|0))` + needsEnd, Meant: "", Problem: noValue},
		// A part of a port.
		{Typed: `([0-9]) ¦(-|to) ([0-9])`, Meant: "$1-$3", Problem: notFlag},
		{Typed: `([0-9]) ¦(tcp|udp)` + needsEnd, Meant: "$1/$2 ", Problem: notFlag},
		{Typed: `(-port) ¦`, Meant: "-p ", Problem: `"$1" is neither -p nor --port`},
		// Commands of other programs.
		{Typed: `^¦((?:sudo )?portguard) `, Meant: "", Problem: noCommand},
		{Typed: startsWith + `$`, Meant: "-p 30010 -- COMMAND", Problem: noCommand},
		{Typed: startsWith + ` `, Meant: "", Problem: noCommand},
		{Typed: `^¦(unreserve|unhold)\b`, Meant: "release", Problem: noCommand},
		{Typed: `^¦(kill) -([0-9A-Z]+) ([0-9]+)`, Meant: "--kill --signal $2 -p $3", Problem: noCommand},
		{Typed: `^¦` + looks + `(?: .*?)?? ` + port + `(?: .*)?$`, Meant: "-p $2", Problem: noCommand},
		{Typed: `^¦` + looks + ` .*:([0-9]+)\b.*$`, Meant: "-p $2", Problem: noCommand}, // lsof -i:80
		{Typed: `^¦` + looks + `(?: -[^ ]*)*$`, Meant: "audit", Problem: noCommand},
		{Typed: `^¦(install|uninstall|remove|show|guard|unguard|enable|disable|restart|status)((?: [^-/. ][^ ]*(?: -.*)?)?)$`, Meant: "unit $1$2", Problem: noCommand},
		{Typed: `^¦([^ ]+\.service)$`, Meant: "unit show $1", Problem: noCommand},
	}
}
