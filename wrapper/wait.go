package wrapper

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/wrapper/decide"
	"portguard/wrapper/hold"
)

// Waiting is what a wait waits for.
type Waiting struct {
	// Outcomes are the endpoints still wanted, with their holders.
	Outcomes []*Outcome
	Until    time.Time // when it gives up; the zero time: never
	// Expiry is when the last of the remains on the ports end; the zero time when there are none.
	Expiry time.Time
}

// wait sleeps until the endpoints are free, or until the policy's time is over. It subscribes to the kernel's events
// before it asks, so that nothing is missed in between.
func (g *Guard) wait(ctx context.Context, r *Report) {
	if g.policy.DryRun {
		for _, o := range r.wanted() {
			g.act(o, Action{decide.Wait, nil, decide.Would, "wait " + waitText(g.policy.Wait)})
		}
		return
	}
	start := time.Now()
	p := pace{began: start}
	if g.policy.Wait != decide.Forever {
		p.deadline = start.Add(g.policy.Wait)
	}
	bell := newBell(ctx, r.wanted())
	defer bell.close()

	waiting := r.wanted()
	findings := r.Findings()
	guards := hold.ForWait(findings)
	defer guards.Close()
	g.keep(guards)
	p.lookDue = true
	for ctx.Err() == nil {
		now, spent := time.Now(), processorTime()
		if g.tryAll(waiting, start) {
			p.lookDue = true // one came free or failed in another way: what the others wait for is worth telling again
		}
		guards.KeepWanted(findings)
		p.tried(now)
		p.cost = processorTime() - spent
		if len(r.wanted()) == 0 || p.over(now) {
			break
		}
		if p.lookNow(now) {
			g.look(ctx, r, &p, start)
			continue
		}
		if bell.wait(p.deafUntil(), p.next()) {
			p.told(time.Now())
		}
	}
	if ctx.Err() != nil {
		return // cut short: nothing has run out
	}
	for _, o := range r.wanted() {
		g.concludeWait(o, time.Since(start))
	}
}

// tryAll tries what is not free yet, and reports whether any verdict changed.
func (g *Guard) tryAll(waiting []*Outcome, start time.Time) (changed bool) {
	for _, o := range waiting {
		if o.Trial.Verdict == netdiag.Free {
			continue
		}
		before := o.Trial.Verdict
		if g.try(o, decide.Wait) {
			g.concludeWait(o, time.Since(start))
		}
		changed = changed || o.Trial.Verdict != before
	}
	return changed
}

// look asks who holds the endpoints now and tells the watcher.
func (g *Guard) look(ctx context.Context, r *Report, p *pace, began time.Time) {
	start := time.Now()
	before := r.wanted()
	g.explain(ctx, r)
	for _, o := range before {
		if o.Trial.Verdict == netdiag.Free { // it came free while we asked
			o.By = decide.Wait
			g.concludeWait(o, time.Since(began))
		}
	}
	// The next look may be far off, and a wait long: what this one took is not kept until then.
	debug.FreeOSMemory()
	now := time.Now()
	w := Waiting{Outcomes: r.wanted(), Until: p.deadline, Expiry: lastExpiry(r.wanted(), now)}
	p.looked(now, now.Sub(start), w.Expiry)
	if g.watcher != nil && len(w.Outcomes) > 0 {
		g.watcher.Waiting(w)
	}
}

// lastExpiry is when the last of the remains end. Before that a trial cannot succeed, however many others go.
func lastExpiry(waiting []*Outcome, now time.Time) time.Time {
	var last time.Time
	for _, o := range waiting {
		for _, h := range o.Holders {
			if end := now.Add(h.Socket.Expires); h.Kind == netdiag.Remains && end.After(last) {
				last = end
			}
		}
	}
	return last
}

// concludeWait says how the wait for one endpoint has ended.
func (g *Guard) concludeWait(o *Outcome, waited time.Duration) {
	a := Action{Rung: decide.Wait, Result: decide.Done, Detail: "free after " + roundTime(waited)}
	if o.Trial.Verdict != netdiag.Free {
		o.TimedOut = true
		a.Result, a.Detail = decide.Failed, "still "+o.Trial.Verdict.String()+" after "+roundTime(waited)
	}
	g.act(o, a)
}

// processorTime is what the process has spent so far: unlike the clock's, it does not grow while others have the
// processor.
func processorTime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t) // it fails for no process that asks for its own
	return time.Duration(t.Nano())
}

func waitText(d time.Duration) string {
	if d == decide.Forever {
		return "without limit"
	}
	return fmt.Sprintf("up to %s", Span(d))
}

func roundTime(d time.Duration) string {
	if d < time.Second {
		return Span(d.Round(time.Millisecond))
	}
	return Span(d.Round(100 * time.Millisecond))
}

// endpointsOf are those of outcomes.
func endpointsOf(outcomes []*Outcome) iter.Seq[netdiag.Endpoint] {
	return func(yield func(netdiag.Endpoint) bool) {
		for _, o := range outcomes {
			if !yield(o.Endpoint) {
				return
			}
		}
	}
}
