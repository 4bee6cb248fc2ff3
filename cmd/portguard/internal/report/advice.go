package report

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/portrange"
	"portguard/wrapper"
)

// advice is one command that would help, and what it does.
type advice struct {
	when    string // "now" or "always"
	Command string
	Effect  string
}

// Advise says what would help where endpoints are taken, least harm first: what the ladder of this run has decided that it would do,
// for all of them at once, as a COMMAND needs all of its ports. What was allowed already is not advised again, nor anything after
// a dry run that would have worked.
func Advise(r *wrapper.Report, facts Facts) []advice {
	if r.Had() {
		return nil
	}
	facts = facts.about(r)
	a := advisor{facts: facts, judge: r.Judge, again: facts.Again}
	a.look(r)
	ways := r.Ways()
	if a.possible {
		harmless := 0 // to share alone
		if len(ways) > 0 && len(ways[0].Rungs) == 1 && ways[0].Has(wrapper.Share) {
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
	a.always(r)
	return facts.there(a.all)
}

// commands are the lines alone.
func commands(all []advice) []string {
	lines := make([]string, len(all))
	for i, a := range all {
		lines[i] = a.Command
	}
	return lines
}

// advisor gathers what would help.
type advisor struct {
	facts    Facts
	judge    wrapper.Judge
	again    Again
	outcomes []*wrapper.Outcome // those that are not free
	holders  []netdiag.Holder
	kinds    kindSet
	costs    bool // a socket that holds the port would cost COMMAND one, if it is what listens here
	possible bool // every endpoint is taken, or its address is not there: nothing else is in the way
	absent   int  // how many have no address
	all      []advice
}

func (a *advisor) look(r *wrapper.Report) {
	a.possible, a.kinds = true, kindSet{}
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
	if rest := a.again.Given.Rest; a.costs && !slices.Contains(rest, "--hold") {
		a.again.Given.Rest = slices.Concat([]string{"--hold", "none", "--reserve"}, slices.DeleteFunc(slices.Clone(rest), func(w string) bool { return w == "--reserve" }))
	}
}

func (a *advisor) now(command, effect string) {
	one := advice{"now", command, effect}
	if command != "" && !slices.Contains(a.all, one) {
		a.all = append(a.all, one)
	}
}

// ways are lines of the main command. Where another's start is the unit's, or root does it, nothing is started by them.
func (a *advisor) ways(all []wrapper.Way) {
	for _, w := range all {
		if w.Has(wrapper.Close) && w.Listeners && (!a.leftBehind() || a.costs) {
			continue // whoever serves by the socket would go on deaf; and a service without SO_REUSEADDR cannot bind beside what is left of it
		}
		rungs := flagsOf(w)
		if a.absent > 0 {
			rungs = append(rungs, "--wait", "60s") // for the address
		}
		effect := a.effect(w)
		if install := a.again.install(rungs...); w.Rungs[0] == wrapper.Share && len(w.Rungs) == 1 && install != "" {
			a.now(install, effect.unit())
			continue
		}
		a.now(a.again.start(w, rungs...), effect.of(a.again.unit != "" || w.Root))
	}
}

func flagsOf(w wrapper.Way) []string {
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
	return !slices.ContainsFunc(a.outcomes, func(o *wrapper.Outcome) bool { return !leftBehind(o) })
}

// wait is advised where what is in the way may go by itself, and this run has not waited for it.
func (a *advisor) wait() {
	waited := a.judge.Policy.Wait > 0
	never := slices.ContainsFunc(a.holders, func(h netdiag.Holder) bool {
		return a.judge.Never(&h) || h.Kind == netdiag.Listener && a.judge.LeftOver(&h) != "" // nobody ends it
	})
	line := func(d string) string {
		return cmp.Or(a.again.install("--wait", d), a.again.start(wrapper.Way{}, "--wait", d))
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
			a.now(a.again.start(wrapper.Way{}, "--freebind"), "start without it, where the service sets IP_FREEBIND or IP_TRANSPARENT")
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

// always keeps it from happening again.
func (a *advisor) always(r *wrapper.Report) {
	var ports portrange.Set
	for _, o := range a.outcomes {
		client := slices.ContainsFunc(o.Holders, func(h netdiag.Holder) bool { return h.Kind == netdiag.Client })
		if port := o.Endpoint.Port; client && a.facts.Ephemeral.Contains(port) && !a.facts.Reserved.Contains(port) {
			ports = ports.Add(port)
		}
	}
	if line, effect := a.reserve(ports); line != "" {
		a.all = append(a.all, advice{"always", line, effect})
	}
	if a.costs && a.again.unit == "" {
		again := a.again
		again.Given.Rest = nil
		a.all = append(a.all, advice{
			"always",
			again.line([]string{"portguard", "--hold", "none", "--reserve"}, again.endpoints, "--", "COMMAND"),
			"if COMMAND is what listens here: without SO_REUSEADDR, a socket that holds the port would cost it one",
		})
	}
}

// reserve is how `portguard reserve` does it, "" where it would not.
func (a *advisor) reserve(ports portrange.Set) (line, effect string) {
	sudo := ""
	switch err := a.facts.Unreservable; {
	case len(ports) == 0, errors.Is(err, unix.EROFS):
		return "", ""
	case errors.Is(err, fs.ErrPermission):
		if sudo = a.sudo(); sudo == "" && os.Geteuid() != 0 && a.again.unit == "" {
			return "", ""
		}
	}
	effect = fmt.Sprintf("the kernel never picks %s again", ports)
	before := portrange.Set{a.facts.Ephemeral}.Minus(a.facts.Reserved).Len()
	left, enough := a.facts.Ephemeral.Left(a.facts.Reserved.Union(ports), a.facts.Reserved)
	switch {
	case enough:
		return sudo + "portguard reserve " + ports.String(), effect
	case left*100 >= before*99:
		return sudo + "portguard reserve --force " + ports.String(), fmt.Sprintf("%s, and has %d others; a wider ip_local_port_range would be better", effect, left)
	}
	return "", ""
}

// sudo stands before what takes root, where this user is another. In a unit's journal it is read by whoever may change the unit.
func (a *advisor) sudo() string {
	if a.judge.MayRise && a.again.unit == "" {
		return "sudo "
	}
	return ""
}

type kindSet map[netdiag.Kind]bool

// KindsOf are the kinds of the holders that stand in the way.
func KindsOf(o *wrapper.Outcome) kindSet {
	kinds := kindSet{}
	for _, h := range o.Holders {
		kinds[h.Kind] = true
	}
	return kinds
}

func (s kindSet) only(k netdiag.Kind) bool { return s[k] && len(s) == 1 }
