package wrapper

import (
	"slices"

	"portguard/netdiag"
)

// Result is how a rung ended for one holder, in the words of the JSON report.
type Result string

// The results.
const (
	Done         Result = "done"
	Failed       Result = "failed"
	NotPermitted Result = "not-permitted"
	NotPossible  Result = "not-possible"
	Would        Result = "would" // dry run
)

// Action is one act or refusal of a rung.
type Action struct {
	Rung   Rung
	Holder int // index into the outcome's Known, -1 when it is about the endpoint as a whole
	Result Result
	Detail string // one clause, without the endpoint's name
}

// Outcome is what became of one endpoint.
type Outcome struct {
	// Finding has the last trial, and the holders as they were when the endpoint was last found taken: they stay known
	// after they are gone.
	netdiag.Finding
	// Known are all holders that were ever found, and keep their places: actions point to them.
	Known []netdiag.Holder
	// By is the rung after which the trial succeeded; Ground when the endpoint was free to begin with.
	By      Rung
	Actions []Action
	// TimedOut: the wait ran out.
	TimedOut bool
	// Unexplained is why the kernel could not be asked for the holders of a taken endpoint; nil when it was.
	Unexplained error
}

// learn adds the holders that were found just now to those known. As long as nothing was done about any, the latest are
// all that is worth knowing.
func (o *Outcome) learn() {
	if len(o.Actions) == 0 {
		o.Known = slices.Clip(o.Holders) // a later look brings holders of its own and leaves these alone
		return
	}
	before := o.Known
	for _, h := range o.Holders {
		if i := slices.IndexFunc(before, h.Same); i >= 0 {
			o.Known[i] = h
		} else {
			o.Known = append(o.Known, h)
		}
	}
}

// forget drops the holders of which no action tells. Over a long wait thousands come and go.
func (o *Outcome) forget() {
	var kept []netdiag.Holder
	place := map[int]int{}
	for i := range o.Actions {
		a := &o.Actions[i]
		if a.Holder < 0 {
			continue
		}
		to, ok := place[a.Holder]
		if !ok {
			to = len(kept)
			place[a.Holder] = to
			kept = append(kept, o.Known[a.Holder])
		}
		a.Holder = to
	}
	o.Known = kept
}

// known is the holder's place in Known, -1 when it has none.
func (o *Outcome) known(h netdiag.Holder) int {
	return slices.IndexFunc(o.Known, func(k netdiag.Holder) bool { return k.Same(h) })
}

// Report is what became of all endpoints, in the order in which they were given.
type Report struct {
	Outcomes []Outcome
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

// NotFree is the report without the endpoints that can be bound.
func (r *Report) NotFree() *Report {
	return &Report{Outcomes: slices.DeleteFunc(slices.Clone(r.Outcomes), func(o Outcome) bool {
		return o.Trial.Verdict == netdiag.Free
	})}
}

// Release gives every port back that the trials hold.
func (r *Report) Release() {
	for i := range r.Outcomes {
		r.Outcomes[i].Trial.Close()
	}
}
