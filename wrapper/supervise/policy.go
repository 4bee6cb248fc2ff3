package supervise

import "time"

// Restart says which ends of a service are followed by another start.
type Restart string

// The values of Restart.
const (
	Never     Restart = "no"
	OnFailure Restart = "on-failure" // any end but exit status 0, a start that was not possible or not ready in time
	Always    Restart = "always"
)

// Policy says whether, and when, a service that has ended is started again.
type Policy struct {
	Restart Restart
	// Delay is the pause before a restart. It doubles with each restart up to maxDelay, and begins anew once the service
	// has run for steady.
	Delay time.Duration
	// Limit is how many restarts there may have been within Window when the service ends and is to be started once more. 0:
	// there is no limit.
	Limit  int
	Window time.Duration
}

// maxDelay is the longest pause before a restart, unless Policy.Delay is longer by itself. steady is how long a service has
// run that is not taken for one that fails at its start.
const (
	maxDelay = time.Minute
	steady   = time.Minute
)

// End is how one run of the service ended, as far as a policy is concerned.
type End struct {
	At     time.Duration // on any clock that only goes forward
	Ran    time.Duration
	Failed bool
}

// Decision is what follows an end. The zero value: it was the last one.
type Decision struct {
	Again    bool
	After    time.Duration
	LimitHit bool // it would be started again but for the limit
}

// history is what a policy remembers between ends. The zero value is the beginning.
type history struct {
	delay    time.Duration   // the last one; 0: none yet
	restarts []time.Duration // when those began that still count for the limit
}

// wants reports whether such an end is one that is followed by another start, as far as there may be one.
func (p Policy) wants(failed bool) bool {
	return p.Restart == Always || p.Restart == OnFailure && failed
}

// next decides what follows an end, and notes it down in the history.
func (p Policy) next(h *history, e End) Decision {
	if !p.wants(e.Failed) {
		return Decision{}
	}
	delay := p.Delay
	if h.delay > 0 && e.Ran < steady {
		delay = max(p.Delay, min(2*h.delay, maxDelay))
	}
	// Counted as of now, not as of the next start: a delay that has grown is no reason to go on for ever.
	recent := h.restarts[:0]
	for _, r := range h.restarts {
		if e.At-r < p.Window {
			recent = append(recent, r)
		}
	}
	h.restarts = recent
	if p.Limit > 0 {
		if len(recent) >= p.Limit {
			return Decision{LimitHit: true}
		}
		h.restarts = append(recent, e.At+delay)
	}
	h.delay = delay
	return Decision{Again: true, After: delay}
}
