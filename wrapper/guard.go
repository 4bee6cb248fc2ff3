// Package wrapper turns endpoints into a started service: it tries each endpoint, climbs the ladder of the rungs that its
// caller allows, from the least harm upwards, and lets the kernel's next trial judge each of them.
//
// What a rung may do is decided in decide; what is done is thin and sits in a file a rung.
package wrapper

import (
	"context"
	"slices"
	"time"

	"portguard/netdiag"
	"portguard/wrapper/decide"
	"portguard/wrapper/hold"
)

// Watcher is told what happens while it happens: report.Progress, which tells a person, the journal and systemctl status.
type Watcher interface {
	// Waiting is called when a wait begins and whenever what it waits for has changed. until is when it ends; the zero
	// time for never.
	Waiting(Waiting)
	// Acted is called after each act and each refusal.
	Acted(*Outcome, Action)
}

// Guard gets endpoints free under a policy: Run climbs the ladder, for the main command once and for a supervisor before every
// start; Look only reports; HoldForever is the command hold. The zero value is not ready; see New.
type Guard struct {
	policy  decide.Policy
	watcher Watcher
	prober  *netdiag.Prober
	room    hold.Room
	looks   bool // it holds nothing
	// idle is since when bound sockets have been seen idle; see calm.go.
	idle     map[netdiag.SocketID]time.Time
	patience patience
	// freed is called when a trial has succeeded that failed before; nil for nothing.
	freed     func(*netdiag.Finding)
	parts     decide.Parts // what was asked already
	engineAt  time.Time    // when an engine that did not answer may be asked again
	managerAt time.Time    // the same of systemd
}

// New returns a guard. Close it in the end.
func New(p decide.Policy, w Watcher) *Guard {
	return &Guard{policy: p, watcher: w, prober: netdiag.NewProber(), room: hold.RoomNow(), parts: decide.Parts{},
		idle: map[netdiag.SocketID]time.Time{}, patience: usualPatience()}
}

// Close ends the guard's questions to the kernel. The ports that a report holds stay held.
func (g *Guard) Close() error { return g.prober.Close() }

// Run tries every endpoint and climbs the ladder for those that are not free. The report is complete whatever happened;
// the ports that it found free are held until Release, so that none is lost while another is worked on, as far as the limit on
// open files has room for them. The error is the context's.
func (g *Guard) Run(ctx context.Context, endpoints []netdiag.Endpoint) (*Report, error) {
	r := g.Try(endpoints)
	return r, g.Climb(ctx, r)
}

// Look is Try for who only wants to know: no port is held, not even until the next one has been tried. A service that binds
// meanwhile without SO_REUSEADDR would fail for that.
func (g *Guard) Look(endpoints []netdiag.Endpoint) *Report {
	g.looks = true
	g.prober.LetGo()
	return g.Try(endpoints)
}

// Try is the first half of Run: it tries every endpoint and asks nobody.
func (g *Guard) Try(endpoints []netdiag.Endpoint) *Report {
	r := &Report{Outcomes: make([]Outcome, len(endpoints))}
	binder, wide := netdiag.NewBinder(), g.looks
	for i, e := range endpoints {
		r.Outcomes[i].Finding = netdiag.Finding{Endpoint: e, Trial: binder.Try(e)}
		if fd := r.Outcomes[i].Trial.FD; !wide && fd >= 0 {
			g.room.Widen(fd, len(endpoints)-i)
			wide = true
		}
		g.fit(&r.Outcomes[i].Trial)
	}
	return r
}

// Climb is the other half: it names the holders and climbs the ladder.
func (g *Guard) Climb(ctx context.Context, r *Report) error {
	if _, climbs := g.policy.Next(decide.Ground, verdicts(r)); !climbs {
		g.prober.ExpectBeside() // for the report
	}
	g.explain(ctx, r)
	for rung := decide.Ground; ctx.Err() == nil; {
		next, ok := g.policy.Next(rung, verdicts(r))
		if !ok {
			break
		}
		g.climb(ctx, next, r)
		g.admit(next, r)
		rung = next
	}
	g.lookAfter(ctx, r)
	recheckUDP(r)
	if g.policy.DryRun {
		g.foresee(r)
	}
	if !r.AllFree() && ctx.Err() == nil {
		costly := hold.Costly(r.Findings())
		for _, o := range r.wanted() {
			o.HoldCosts = o.Trial.Verdict == netdiag.Taken && costly[o.Endpoint.Key()]
		}
		r.Judge = g.judge(ctx, r, servicesOf(slices.DeleteFunc(r.wanted(), hasListener)))
		if r.Judge.Around.Services == nil {
			r.Judge.Around.Services = g.lookBeside(ctx, r)
		}
		r.Judge.Around.Origins = g.lookOrigins(r)
		r.Judge.Powers = r.Judge.AskPowers(r.unmet(), func(rung decide.Rung, h *netdiag.Holder) decide.Decision { return g.mayDo(ctx, r.Judge, rung, h) })
	}
	return ctx.Err()
}

func hasListener(o *Outcome) bool {
	return slices.ContainsFunc(o.Holders, func(h netdiag.Holder) bool { return h.Kind == netdiag.Listener })
}

// climb does one rung for every endpoint that is still wanted.
func (g *Guard) climb(ctx context.Context, rung decide.Rung, r *Report) {
	switch rung {
	case decide.Share:
		g.share(ctx, r)
	case decide.Close:
		g.cut(ctx, r)
	case decide.Wait:
		g.wait(ctx, r)
	case decide.RestartUnit:
		g.restartUnits(ctx, r)
	case decide.Kill:
		g.kill(ctx, r)
	}
}

// admit says of a rung that has acted, or would, and has left an endpoint taken, where it may not have seen all holders.
func (g *Guard) admit(rung decide.Rung, r *Report) {
	for _, o := range r.wanted() {
		acted := slices.ContainsFunc(o.Actions, func(a Action) bool {
			return a.Rung == rung && a.Holder != nil && (a.Result == decide.Done || a.Result == decide.Would)
		})
		if acted && o.Partial && o.Trial.Verdict == netdiag.Taken {
			g.act(o, Action{rung, nil, decide.NotPermitted, "perhaps in vain: " + Unseen})
		}
	}
}

// lookAfter looks once more at what is still taken though a rung has acted on it: the report is about what is there now, not
// about a process that has been ended.
func (g *Guard) lookAfter(ctx context.Context, r *Report) {
	last := map[*Outcome]decide.Rung{}
	for _, o := range r.wanted() {
		for _, a := range o.Actions {
			if a.Holder != nil && (a.Result == decide.Done || a.Result == decide.Failed) {
				last[o] = a.Rung
			}
		}
	}
	if len(last) == 0 || ctx.Err() != nil {
		return
	}
	g.explain(ctx, r)
	for o, rung := range last {
		if o.Trial.Verdict == netdiag.Free { // it came free while we asked
			o.By = rung
			if g.freed != nil {
				g.freed(&o.Finding)
			}
		}
	}
}

// Unseen is why a finding may be partial.
const Unseen = "the kernel's tables here leave out sockets that are bound and idle (those of Linux 6.8 have them), " +
	"and not every process could be asked for its own"

// explain names the holders of every endpoint that is taken. What the kernel will not tell is kept in the outcome.
func (g *Guard) explain(ctx context.Context, r *Report) {
	err := g.prober.Explain(ctx, r.Findings())
	r.Degraded = g.prober.Degraded()
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		switch o.Trial.Verdict {
		case netdiag.Taken:
			o.Unexplained = err
		case netdiag.NoAddress:
			o.Lack = netdiag.LackOf(o.Endpoint)
		}
		g.fit(&o.Trial) // it may have come free while we asked
	}
	g.lookAround(ctx, r)
}

// try asks the kernel again about an endpoint that was not free, and credits the rung when it is now.
func (g *Guard) try(o *Outcome, rung decide.Rung) bool {
	o.Trial.Close()
	o.Trial = netdiag.Try(o.Endpoint)
	if o.Trial.Verdict != netdiag.Free {
		return false
	}
	g.fit(&o.Trial)
	o.By = rung
	if g.freed != nil {
		g.freed(&o.Finding)
	}
	return true
}

// fit gives up the socket of a trial when nothing is to be held, or there is no room for it: what it has found stands.
func (g *Guard) fit(t *netdiag.Trial) {
	if t.Verdict == netdiag.Free && (g.looks || !g.room.Allows(t.FD)) {
		t.Close()
	}
}

// act records an act or a refusal, once, and tells the watcher.
func (g *Guard) act(o *Outcome, a Action) {
	if o.add(a) && g.watcher != nil {
		g.watcher.Acted(o, a)
	}
}

// recheckUDP tries the UDP endpoints once more: nothing holds them while others are worked on.
func recheckUDP(r *Report) {
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; o.Endpoint.Protocol == netdiag.UDP && o.Trial.Verdict == netdiag.Free && o.By != decide.Ground {
			o.Trial = netdiag.Try(o.Endpoint)
		}
	}
}

// Known tells the guard which sockets are its own. The manager holds them, too, and would seem to be in the way.
func (g *Guard) Known(fds []int) {
	for _, fd := range fds {
		g.prober.Ignore(fd)
	}
}

// Hold exchanges the sockets by which a report holds its ports for placeholders (hold.Take), which are the guard's own.
func (g *Guard) Hold(r *Report) hold.Placeholders {
	all := hold.Take(r.Findings())
	g.Known(all.FDs())
	return all
}

// keep binds placeholders, which are the guard's own.
func (g *Guard) keep(all hold.Placeholders) { all.Bind(g.room, g.prober.Ignore) }
