package decide

import (
	"slices"

	"portguard/netdiag"
)

// Way is a set of rungs that would get every endpoint free that is taken: advice. Whom each of them may touch the judge
// of this run has decided, and what this user may do the kernel was asked, as before the act.
type Way struct {
	Rungs []Rung // in the order of the ladder
	// Listeners: it takes KillListeners.
	Listeners bool
	// Root: this user may not go it, and root could.
	Root bool
}

// Has reports whether a rung is part of the way.
func (w Way) Has(r Rung) bool { return slices.Contains(w.Rungs, r) }

// Ways are those that are worth to be named, from the least harm up. Those that the caller has allowed already are not: they were
// gone, and in vain. To wait is no way: nobody knows whether it would help.
func (j Judge) Ways(wanted []*netdiag.Finding) []Way {
	var all []Way
	holders, ok := obstacles(wanted)
	if !ok {
		return nil
	}
	kinds := map[netdiag.Kind]bool{}
	for _, h := range holders {
		kinds[h.Kind] = true
	}
	for _, rungs := range [][]Rung{{Share}, {Close}, {RestartUnit}, {Kill}} {
		if w, ok := j.way(rungs, holders, kinds); ok && (w.gentlest(kinds) || len(all) == 0) {
			all = append(all, w)
		}
	}
	for _, rungs := range [][]Rung{{Share, Close}, {Share, RestartUnit}, {Close, RestartUnit}, {Share, Kill}, {Close, Kill}, {RestartUnit, Kill}, {Share, Close, Kill}} {
		if len(all) > 0 {
			break
		}
		if w, ok := j.way(rungs, holders, kinds); ok {
			all = append(all, w)
		}
	}
	return slices.DeleteFunc(all, j.gone)
}

// obstacle is a holder, and the endpoint that it is in the way of.
type obstacle struct {
	*netdiag.Holder
	of netdiag.Endpoint
}

// obstacles are all holders of all endpoints that are not free. It is not ok where something is in the way that no rung can do anything about, or
// that does not show.
func obstacles(wanted []*netdiag.Finding) (all []obstacle, ok bool) {
	for _, f := range wanted {
		switch {
		case f.Trial.Verdict == netdiag.NoAddress:
			continue
		case f.Trial.Verdict != netdiag.Taken, len(f.Holders) == 0:
			return nil, false
		}
		for i := range f.Holders {
			all = append(all, obstacle{&f.Holders[i], f.Endpoint})
		}
	}
	return all, len(all) > 0
}

// way decides whether each holder could be dealt with by one of the rungs.
func (j Judge) way(rungs []Rung, holders []obstacle, kinds map[netdiag.Kind]bool) (Way, bool) {
	w := Way{Rungs: rungs}
	w.Listeners = kinds[netdiag.Listener] && slices.ContainsFunc(rungs, func(r Rung) bool { return r > Wait })
	switch {
	case w.Has(Close) && kinds[netdiag.Listener] && len(rungs) > 1: // its program may be left, and hear nobody
		return w, false
	case w.Has(RestartUnit) && (!picked(kinds) || !slices.ContainsFunc(holders, func(h obstacle) bool { return ServiceOf(h.Holder) != "" })):
		return w, false
	}
	j.Policy.KillListeners = j.Policy.KillListeners || w.Listeners
	used := map[Rung]bool{}
	for _, h := range holders {
		by, root := j.rungFor(rungs, h)
		if by == Ground {
			return w, false
		}
		used[by] = true
		w.Root = w.Root || root
	}
	return w, len(used) == len(rungs)
}

// rungFor is the least of the rungs that would go ahead for the holder or, without one, would for root; Ground when none would.
func (j Judge) rungFor(rungs []Rung, h obstacle) (by Rung, root bool) {
	blind := j.Blind != nil
	j.Blind = nil
	for _, r := range rungs {
		d := j.Decide(r, h.of, h.Holder)
		seen := d.GoAhead() && !blind
		if seen {
			d, _ = j.Powers.Of(r, h.Holder)
		}
		switch {
		case seen && d.GoAhead():
			return r, false
		case by != Ground || !j.MayRise:
		// Root would see whose it is, and might be refused for that. A share is refused to nobody for the owner.
		case seen && d.Result == NotPermitted, !seen && r == Share && (d.GoAhead() || d.Result == NotPermitted):
			by, root = r, true
		}
	}
	return by, root
}

// gentlest reports whether the way is worth to be named beside gentler ones. A process is ended where it has asked for the port: a
// service that does not set SO_REUSEADDR cannot share with it.
func (w Way) gentlest(kinds map[netdiag.Kind]bool) bool {
	switch w.Rungs[0] {
	case Close:
		return !(kinds[netdiag.Bound] && len(kinds) == 1) // nothing to cut: it would be shared
	case Kill:
		return kinds[netdiag.Listener] || kinds[netdiag.Bound]
	}
	return true
}

// picked reports whether the kernel has picked the port for whoever has it. After a restart it picks another; a program that has
// asked for the port, or listens on it, asks again.
func picked(kinds map[netdiag.Kind]bool) bool {
	return !kinds[netdiag.Listener] && !kinds[netdiag.Bound] && !kinds[netdiag.BoundClient] && !kinds[netdiag.Accepted]
}

// gone reports whether this run was allowed the way already.
func (j Judge) gone(w Way) bool {
	return !w.Root && (!w.Listeners || j.Policy.KillListeners) && !slices.ContainsFunc(w.Rungs, func(r Rung) bool { return !j.Policy.Allows(r) })
}

// Never reports whether it is in vain to wait for a holder: the kernel, pid 1 or another manager that listens for a unit, a program
// that portguard runs in and that waits for it, or one that talks to itself.
func (j Judge) Never(h *netdiag.Holder) bool {
	switch h.Kind {
	case netdiag.Kernel:
		return true
	case netdiag.Listener, netdiag.Bound:
		for _, o := range h.Owners {
			if !j.protects(o, h).GoAhead() && !j.IsPortguard(o) {
				return true
			}
		}
	}
	return h.ConnectedToItself()
}

// Instead is a command that does what no rung may, "" where there is none or a rung may do it.
func (j Judge) Instead(e netdiag.Endpoint, h *netdiag.Holder) string {
	if h.Kind != netdiag.Listener && h.Kind != netdiag.Bound {
		return ""
	}
	j.Policy.KillListeners = true
	return j.Decide(Kill, e, h).Instead
}
