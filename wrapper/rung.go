package wrapper

import (
	"context"

	"portguard/netdiag"
	"portguard/wrapper/decide"
	"portguard/wrapper/hold"
)

// target is an endpoint that a rung works on.
type target struct {
	*Outcome
	holders []*netdiag.Holder // those that the rung may act on
}

// maxRounds bounds how often new holders are looked for: the guards keep out what the kernel hands the port to, but not
// who asks for it.
const maxRounds = 4

// rounds works on the endpoints that are still wanted until they are free, or nothing moves any more. Before the first look
// the ports are guarded: from then on what is found is all there is.
func (g *Guard) rounds(ctx context.Context, rung decide.Rung, r *Report, work func(target) (moved bool)) {
	guards := hold.ForWork(r.Findings())
	defer guards.Close()
	for range maxRounds {
		g.keep(guards)
		targets := g.targets(ctx, rung, r)
		moved := false
		for _, t := range targets {
			if ctx.Err() == nil {
				moved = work(t) || moved
			}
		}
		if !moved || !anyWanted(targets) {
			return
		}
	}
}

// pickTargets looks at who holds the wanted endpoints now, and picks what a rung that touches others may act on. Each refusal
// is recorded. Nothing is picked where it would be harm for nothing: when one of the holders of an endpoint, or another
// endpoint, stays in the way whatever the allowed rungs do.
func (g *Guard) pickTargets(ctx context.Context, rung decide.Rung, r *Report) []target {
	g.explain(ctx, r)
	var units []string
	if g.policy.RestartUnit {
		units = servicesOf(r.wanted())
	}
	judge := g.judge(ctx, r, units)
	r.Judge = judge
	var picked []target
	pointless := false
	for _, o := range r.wanted() {
		if d := judge.RefusesAll(); o.Trial.Verdict == netdiag.Taken && !d.GoAhead() {
			g.act(o, Action{rung, nil, d.Result, d.String()})
			pointless = true
			continue
		}
		t := target{Outcome: o, holders: g.pick(ctx, judge, rung, o)}
		may := func(rung decide.Rung, h *netdiag.Holder) bool { return g.permitted(ctx, judge, rung, h).GoAhead() }
		if !judge.Attainable(rung, &o.Finding, may) {
			pointless = true
		}
		if len(t.holders) > 0 {
			picked = append(picked, t)
		}
	}
	if !pointless {
		return picked
	}
	for _, t := range picked {
		g.act(t.Outcome, Action{rung, nil, decide.NotPossible, "left alone: not everything that is in the way can be dealt with, so it would be for nothing"})
	}
	return nil
}

// pick decides about every holder and records each refusal.
func (g *Guard) pick(ctx context.Context, judge decide.Judge, rung decide.Rung, o *Outcome) []*netdiag.Holder {
	if o.Trial.Verdict != netdiag.Taken {
		return nil
	}
	if len(o.Holders) == 0 {
		why := "nobody shows as the holder"
		if o.Unexplained != nil {
			why = "who holds it cannot be asked: " + o.Unexplained.Error()
		}
		g.act(o, Action{rung, nil, decide.NotPossible, why})
		return nil
	}
	var some []*netdiag.Holder
	for i := range o.Holders {
		h := &o.Holders[i]
		d := judge.Decide(rung, o.Endpoint, h)
		if d.GoAhead() {
			d = g.permitted(ctx, judge, rung, h)
		}
		if d.GoAhead() {
			some = append(some, h)
		} else {
			g.act(o, Action{rung, h, d.Result, d.String()})
		}
	}
	return some
}

func anyWanted(targets []target) bool {
	for _, t := range targets {
		if t.Trial.Verdict != netdiag.Free {
			return true
		}
	}
	return false
}
