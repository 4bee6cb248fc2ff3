package wrapper

import (
	"slices"

	"portguard/netdiag"
	"portguard/wrapper/decide"
)

// Action is one act or refusal of a rung, added to the Outcome when it happens; Watcher.Acted is told at that moment.
type Action struct {
	Rung   decide.Rung
	Holder *netdiag.Holder // as it was then; nil when it is about the endpoint as a whole
	Result decide.Result
	Detail string // one clause, without the endpoint's name
}

// Outcome is what became of one endpoint. Guard.Try makes it with the first trial; rungs replace its Finding at each look and add
// Actions; reports are written of it when Guard.Climb is through.
type Outcome struct {
	// Finding has the last trial, and the holders as they were when the endpoint was last found taken: they stay known
	// after they are gone.
	netdiag.Finding
	// By is the rung after which the trial succeeded; Ground when the endpoint was free to begin with.
	By      decide.Rung
	Actions []Action
	acted   map[actionKey]bool
	// WouldBeFree, in a dry run: the rungs that are allowed would all go ahead, so that the endpoint is free in the end.
	WouldBeFree bool
	// TimedOut: the wait ran out.
	TimedOut bool
	// HoldCosts: a program that listens here would lose a socket to the placeholder, if it were the service to start.
	HoldCosts bool
	// Lack is why the host does not have the address, where the verdict is NoAddress.
	Lack netdiag.Lack
	// Unexplained is why the kernel could not be asked for the holders of a taken endpoint; nil when it was.
	Unexplained error
}

// Told are the holders that the outcome tells of: those that were in the way when the endpoint was last found taken, and
// behind them those of before that an action is about. Each once.
func (o *Outcome) Told() []*netdiag.Holder {
	all := make([]*netdiag.Holder, len(o.Holders), len(o.Holders)+1)
	seen := make(map[netdiag.SocketID]bool, len(o.Holders))
	for i := range o.Holders {
		all[i] = &o.Holders[i]
		seen[all[i].ID()] = true
	}
	for _, a := range o.Actions {
		if h := a.Holder; h != nil && !seen[h.ID()] {
			seen[h.ID()] = true
			all = append(all, h)
		}
	}
	return all
}

// add records an action, once: a rung that looks again refuses the same holder again. It reports whether it was new.
func (o *Outcome) add(a Action) bool {
	key := actionKey{rung: a.Rung, result: a.Result, detail: a.Detail}
	if a.Holder != nil {
		key.holder = a.Holder.ID()
	}
	if o.acted[key] {
		return false
	}
	if o.acted == nil {
		o.acted = map[actionKey]bool{}
	}
	o.acted[key] = true
	o.Actions = append(o.Actions, a)
	return true
}

// actionKey tells actions apart: a holder is the same one at every look.
type actionKey struct {
	rung   decide.Rung
	holder netdiag.SocketID
	result decide.Result
	detail string
}

// Report is what became of all endpoints, in the order in which they were given.
type Report struct {
	Outcomes []Outcome
	// Judge has decided whom the rungs might touch, and tells of each rung that was not allowed whether it would help.
	Judge decide.Judge
	// Degraded is why the kernel could only be asked by way of /proc/net; nil when it was asked properly, or not at all.
	Degraded error
}

// AllFree reports whether every endpoint can be bound.
func (r *Report) AllFree() bool {
	for i := range r.Outcomes {
		if r.Outcomes[i].Trial.Verdict != netdiag.Free {
			return false
		}
	}
	return true
}

// Had reports whether every endpoint can be bound or, in a dry run, could be in the end.
func (r *Report) Had() bool {
	return !slices.ContainsFunc(r.Outcomes, func(o Outcome) bool { return o.Trial.Verdict != netdiag.Free && !o.WouldBeFree })
}

// NotFree is the report without the endpoints that can be bound.
func (r *Report) NotFree() *Report {
	return &Report{Judge: r.Judge, Degraded: r.Degraded, Outcomes: slices.DeleteFunc(slices.Clone(r.Outcomes), func(o Outcome) bool {
		return o.Trial.Verdict == netdiag.Free
	})}
}

// Findings are those of all endpoints.
func (r *Report) Findings() []*netdiag.Finding {
	all := make([]*netdiag.Finding, len(r.Outcomes))
	for i := range r.Outcomes {
		all[i] = &r.Outcomes[i].Finding
	}
	return all
}

// Ways are those that would get free what is not.
func (r *Report) Ways() []decide.Way { return r.Judge.Ways(r.unmet()) }

// Release gives every port back that the trials hold.
func (r *Report) Release() {
	for i := range r.Outcomes {
		r.Outcomes[i].Trial.Close()
	}
}

// wanted are the outcomes that are not free yet.
func (r *Report) wanted() []*Outcome {
	var some []*Outcome
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; o.Trial.Verdict != netdiag.Free {
			some = append(some, o)
		}
	}
	return some
}

// unmet are the findings of those.
func (r *Report) unmet() []*netdiag.Finding {
	var some []*netdiag.Finding
	for _, o := range r.wanted() {
		some = append(some, &o.Finding)
	}
	return some
}

func verdicts(r *Report) []netdiag.Verdict {
	var some []netdiag.Verdict
	for _, o := range r.wanted() {
		some = append(some, o.Trial.Verdict)
	}
	return some
}
