// Package advise answers: which command would help where an endpoint is taken, least harm first?
package advise

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/report/why"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
	"portguard/systemd"
	"portguard/systemd/dropin"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// Line is a command that would help.
type Line struct {
	When    string // "now" or "always"
	Command string
	Effect  string // what it does
}

// Facts are what advice hangs on beside the report.
type Facts struct {
	Ephemeral portrange.Range
	Reserved  portrange.Set
	// Unreservable is why this user may not change ip_local_reserved_ports; nil when he may.
	Unreservable error
	Given        flags.Given // what a line repeats of this run's
	Netns        flags.Netns // that was asked about; the zero value: the one that we are in
}

// Lines says what would help where endpoints are taken, least harm first: what the ladder of this run has decided that it would do,
// for all of them at once, as a COMMAND needs all of its ports. What was allowed already is not advised again, nor anything after
// a dry run that would have worked.
func Lines(r *wrapper.Report, facts Facts) []Line { return lines(r, facts, guardOf) }

func lines(r *wrapper.Report, facts Facts, guard func(systemd.Unit) *dropin.DropIn) []Line {
	if r.Had() {
		return nil
	}
	a := advisor{facts: facts, judge: r.Judge, again: againOf(r, facts.Given, guard(r.Judge.Starts))}
	a.look(r)
	ways := r.Ways()
	if a.possible {
		harmless := 0 // to share alone
		if len(ways) > 0 && len(ways[0].Rungs) == 1 && ways[0].Has(decide.Share) {
			harmless = 1
		}
		a.ways(ways[:harmless])
		a.wait()
		if a.absent == 0 { // else the wait, which comes first, would be for those connections as well
			a.ways(ways[harmless:])
		}
	}
	a.instead()
	a.seen()
	a.always()
	return there(a.all, facts.Netns)
}

// Commands are the lines alone.
func Commands(all []Line) []string {
	commands := make([]string, len(all))
	for i, a := range all {
		commands[i] = a.Command
	}
	return commands
}

// advisor gathers what would help.
type advisor struct {
	facts    Facts
	judge    decide.Judge
	again    again
	outcomes []*wrapper.Outcome // those that are not free
	holders  []netdiag.Holder
	kinds    kinds
	costs    bool // a socket that holds the port would cost COMMAND one, if it is what listens here
	possible bool // every endpoint is taken, or its address is not there: nothing else is in the way
	absent   int  // how many have no address
	all      []Line
}

func (a *advisor) look(r *wrapper.Report) {
	a.possible, a.kinds = true, kinds{}
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		switch o.Trial.Verdict {
		case netdiag.Free:
			continue
		case netdiag.Taken:
			a.holders = append(a.holders, o.Holders...)
		case netdiag.NoAddress:
			a.absent++
			a.possible = a.possible && o.Lack.Why <= netdiag.Tentative // else it does not come by itself
		default:
			a.possible = false
		}
		a.outcomes = append(a.outcomes, o)
	}
	for _, h := range a.holders {
		a.kinds[h.Kind] = true
	}
	a.costs = slices.ContainsFunc(a.outcomes, func(o *wrapper.Outcome) bool { return o.HoldCosts })
	if rest := a.again.given.Rest; a.costs && !slices.Contains(rest, "--hold") {
		a.again.given.Rest = slices.Concat([]string{"--hold", "none", "--reserve"}, slices.DeleteFunc(slices.Clone(rest), func(w string) bool { return w == "--reserve" }))
	}
}

func (a *advisor) now(command, effect string) {
	one := Line{"now", command, effect}
	if command != "" && !slices.Contains(a.all, one) {
		a.all = append(a.all, one)
	}
}

// ways are lines of the main command. Where another's start is the unit's, or root does it, nothing is started by them.
func (a *advisor) ways(all []decide.Way) {
	for _, w := range all {
		if w.Has(decide.Close) && w.Listeners && (!a.leftBehind() || a.costs) {
			continue // whoever serves by the socket would go on deaf; and a service without SO_REUSEADDR cannot bind beside what is left of it
		}
		rungs := flagsOf(w)
		if a.absent > 0 {
			rungs = append(rungs, "--wait", "60s") // for the address
		}
		effect := a.effect(w)
		if install := a.again.install(rungs...); w.Rungs[0] == decide.Share && len(w.Rungs) == 1 && install != "" {
			a.now(install, effect.unit())
			continue
		}
		a.now(a.again.start(w, rungs...), effect.of(a.again.unit != "" || w.Root))
	}
}

func flagsOf(w decide.Way) []string {
	var words []string
	for _, r := range w.Rungs {
		words = append(words, "--"+r.String())
	}
	if w.Listeners {
		words = append(words, "--kill-listeners")
	}
	return words
}

// leftBehind reports whether those who have the listeners have not opened them, and do not serve by them.
func (a *advisor) leftBehind() bool {
	return !slices.ContainsFunc(a.outcomes, func(o *wrapper.Outcome) bool { return !why.LeftBehind(o) })
}

// wait is advised where what is in the way may go by itself, and this run has not waited for it.
func (a *advisor) wait() {
	waited := a.judge.Policy.Wait > 0
	never := slices.ContainsFunc(a.holders, func(h netdiag.Holder) bool {
		return a.judge.Never(&h) || h.Kind == netdiag.Listener && a.judge.LeftOver(&h) != "" // nobody ends it
	})
	line := func(d string) string {
		return cmp.Or(a.again.install("--wait", d), a.again.start(decide.Way{}, "--wait", d))
	}
	device := slices.ContainsFunc(a.outcomes, func(o *wrapper.Outcome) bool { return o.Trial.Errno == unix.ENODEV })
	switch {
	case never:
	case a.absent == len(a.outcomes) && device:
		if waited {
			return
		}
		a.now(line("60s"), effect{"start as soon as the interface is there", "say when the interface is there"}.of(a.again.unit != ""))
	case a.absent == len(a.outcomes) && a.outcomes[0].Lack.Why == netdiag.Tentative:
		if !waited {
			a.now(line("60s"), effect{"start as soon as it is certain", "wait until it is certain"}.of(a.again.unit != ""))
		}
	case a.absent == len(a.outcomes):
		if !waited {
			a.now(line("60s"), effect{"start as soon as the address is there", "say when the address is there"}.of(a.again.unit != ""))
		}
		if !device {
			a.now(a.again.start(decide.Way{}, "--freebind"), "start without it, where the service sets IP_FREEBIND or IP_TRANSPARENT")
		}
	case waited:
	case a.kinds.only(netdiag.Remains):
		a.now(line("70s"), effect{"start when the kernel lets go of it", "wait until the kernel lets go of it"}.of(a.again.unit != ""))
	case a.absent > 0:
		a.now(line("60s"), effect{"start as soon as all is free, and there", "wait until all is free, and there"}.of(a.again.unit != ""))
	default:
		a.now(line("30s"), effect{"start as soon as it is free", "wait until it is free"}.of(a.again.unit != ""))
	}
}

// instead names what no rung does: to stop the container that a port is published for, or the unit that a service manager listens
// for, each once.
func (a *advisor) instead() {
	for _, o := range a.outcomes {
		for i := range o.Holders {
			command := a.judge.Instead(o.Endpoint, &o.Holders[i])
			effect := "stop the container, which gives the port back"
			switch {
			case strings.HasPrefix(command, "docker ps"):
				effect = "say which container it is, to be stopped"
			case strings.HasPrefix(command, "systemctl --user"):
				effect = "stop the unit that it is listened for"
			case strings.HasPrefix(command, "systemctl"):
				effect = "stop the unit that it is listened for"
				command = a.sudo() + command
			}
			a.now(command, effect)
		}
	}
}

// seen is for who may not see who is in the way: root may.
func (a *advisor) seen() {
	hidden := slices.ContainsFunc(a.holders, func(h netdiag.Holder) bool {
		return h.Absence == netdiag.NotPermitted || h.Absence == netdiag.Hidden
	})
	partial := slices.ContainsFunc(a.outcomes, func(o *wrapper.Outcome) bool {
		return o.Partial && len(o.Holders) == 0 && o.Trial.Verdict == netdiag.Taken
	})
	if a.judge.MayRise && a.again.unit == "" && (hidden || partial) {
		a.now(a.again.line([]string{"sudo", "portguard"}, a.again.asThisUser()), "say who has it, and what else would help: root may see that")
	}
}

// kinds are those of the holders.
type kinds map[netdiag.Kind]bool

func (s kinds) only(k netdiag.Kind) bool { return s[k] && len(s) == 1 }
