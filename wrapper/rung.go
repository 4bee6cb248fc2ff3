package wrapper

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"portguard/netdiag"
	"portguard/netdiag/owner"
)

// target is an endpoint that a rung works on.
type target struct {
	*Outcome
	holders []int // those that the rung may act on, as indexes of Known
}

// maxRounds bounds how often new holders are looked for: the guards keep out what the kernel hands the port to, but not
// who asks for it.
const maxRounds = 4

// rounds works on the endpoints that are still wanted until they are free, or nothing moves any more. Before the first look
// the ports are guarded: from then on what is found is all there is.
func (g *Guard) rounds(ctx context.Context, rung Rung, r *Report, work func(target) (moved bool)) {
	guards := guardsFor(r.wanted())
	defer guards.close()
	for range maxRounds {
		g.bindAll(guards)
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

// rehearse says what a rung would do, by all that comes before the act itself.
func (g *Guard) rehearse(ctx context.Context, rung Rung, r *Report, would func(netdiag.Holder) string) {
	for _, t := range g.targets(ctx, rung, r) {
		for _, i := range t.holders {
			g.act(t.Outcome, Action{rung, i, Would, would(t.Known[i])})
		}
	}
}

// targets looks at who holds the wanted endpoints now, and picks what a rung that touches others may act on. Each refusal
// is recorded. Nothing is picked where it would be harm for nothing: when one of the holders of an endpoint, or another
// endpoint, stays in the way whatever the allowed rungs do.
func (g *Guard) targets(ctx context.Context, rung Rung, r *Report) []target {
	g.explain(ctx, r)
	protected, err := protectedPIDs()
	var picked []target
	pointless := false
	for _, o := range r.wanted() {
		if o.Trial.Verdict == netdiag.Taken && err != nil {
			a := Action{rung, -1, NotPossible, "portguard's own ancestors, which are never touched, cannot be told: " + err.Error()}
			if errors.Is(err, fs.ErrPermission) {
				a.Result = NotPermitted
			}
			g.act(o, a)
			pointless = true
			continue
		}
		t := target{Outcome: o, holders: g.pick(rung, o, protected)}
		if !g.policy.attainable(rung, o.Finding, protected) {
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
		g.act(t.Outcome, Action{rung, -1, NotPossible, "left alone: not everything that is in the way can be dealt with, so it would be for nothing"})
	}
	return nil
}

// pick decides about every holder and records each refusal.
func (g *Guard) pick(rung Rung, o *Outcome, protected map[int]string) []int {
	if o.Trial.Verdict != netdiag.Taken {
		return nil
	}
	if len(o.Holders) == 0 {
		why := "nobody shows as the holder"
		if o.Unexplained != nil {
			why = "who holds it cannot be asked: " + o.Unexplained.Error()
		}
		g.act(o, Action{rung, -1, NotPossible, why})
		return nil
	}
	var some []int
	for _, h := range o.Holders {
		i := o.known(h)
		if d := g.policy.decide(rung, o.Endpoint, h, protected); d.goAhead() {
			some = append(some, i)
		} else {
			g.act(o, Action{rung, i, d.Result, d.Why})
		}
	}
	return some
}

// protectedPIDs are never touched, with what to call them. Where /proc counts processes in another way than system calls
// do, as in a pid namespace without a /proc of its own, nobody can be told from anybody: an error.
func protectedPIDs() (map[int]string, error) {
	self := os.Getpid()
	if shown, err := os.Readlink("/proc/self"); err == nil && shown != strconv.Itoa(self) {
		return nil, fmt.Errorf("/proc is another pid namespace's: it has process %d as %s", self, shown)
	}
	protected := map[int]string{1: "the init process", self: "portguard itself"}
	line, err := owner.Ancestors(self)
	if err != nil {
		return nil, err
	}
	for _, pid := range line {
		if _, ok := protected[pid]; !ok {
			protected[pid] = "a process that portguard runs in"
		}
	}
	return protected, nil
}

func anyWanted(targets []target) bool {
	for _, t := range targets {
		if t.Trial.Verdict != netdiag.Free {
			return true
		}
	}
	return false
}
