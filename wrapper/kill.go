package wrapper

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
	"portguard/wrapper/decide"
	"portguard/wrapper/hold"
)

// kill ends the processes that own the holders of every endpoint still wanted, and clears what they leave behind. Who has got one
// of those sockets meanwhile, a child that was started in between, is a holder like the others, and decided about like them.
func (g *Guard) kill(ctx context.Context, r *Report) {
	if g.policy.DryRun {
		g.rehearse(ctx, decide.Kill, r)
		return
	}
	targets := g.targets(ctx, decide.Kill, r)
	if len(targets) == 0 {
		return
	}
	guards := hold.ForWork(r.Findings()) // nobody is to be given what is set free, before the trial has it
	defer guards.Close()
	for range maxRounds {
		g.keep(guards)
		ended := g.killOwners(ctx, r.Judge, targets)
		if !ended || !anyWanted(targets) || ctx.Err() != nil {
			return
		}
		sockets := idsOf(targets)
		targets = g.targets(ctx, decide.Kill, r)
		if len(targets) == 0 || !within(targets, sockets) { // what is there now has taken the port by itself
			return
		}
	}
}

// killOwners ends those who own the holders of the targets. ended: somebody was signalled, and nobody who was has a socket any more.
func (g *Guard) killOwners(ctx context.Context, judge decide.Judge, targets []target) (ended bool) {
	victims := g.victims(ctx, targets)
	notes := g.afterwards(ctx, victims)
	g.signalAll(ctx, judge, victims, g.policy.FirstSignal())
	g.awaitDeath(ctx, targets, victims, time.Now().Add(g.policy.Grace))
	if ctx.Err() == nil && anyWanted(targets) {
		g.signalAll(ctx, judge, victims, unix.SIGKILL)
		g.awaitDeath(ctx, targets, victims, time.Now().Add(killLimit))
	}
	ended = anySignalled(victims) && len(g.stillHolding(ctx, victims)) == 0
	resetKept(ctx, victims, time.Now().Add(drainLimit))
	for _, t := range targets {
		g.awaitRings(ctx, t, time.Now().Add(drainLimit))
		g.clearRemains(ctx, t.Outcome, decide.Kill)
		g.concludeKill(t, victims, notes, ctx.Err() != nil)
	}
	for _, v := range victims {
		v.close()
	}
	return ended
}

func anySignalled(victims []*victim) bool {
	return slices.ContainsFunc(victims, func(v *victim) bool { return len(v.sent) > 0 })
}

func idsOf(targets []target) map[netdiag.SocketID]bool {
	ids := map[netdiag.SocketID]bool{}
	for _, t := range targets {
		for _, h := range t.holders {
			ids[h.ID()] = true
		}
	}
	return ids
}

// within reports whether the targets are about these sockets alone.
func within(targets []target, ids map[netdiag.SocketID]bool) bool {
	for id := range idsOf(targets) {
		if !ids[id] {
			return false
		}
	}
	return true
}

// killLimit is how long a process may take to die of SIGKILL: one in uninterruptible sleep may never.
const killLimit = 5 * time.Second

// killText is what kill does to a holder that somebody owns.
func killText(p decide.Policy, h *netdiag.Holder) string {
	who := eachOf(h.Keepers(), func(o owner.Process) string {
		text := fmt.Sprintf("pid %d (%s)", o.PID, o.Command)
		if wakes(o.Condition, p.FirstSignal()) {
			text += ", which is stopped, and SIGCONT"
		}
		return text
	})
	return fmt.Sprintf("send %s to %s, and SIGKILL after %s", pidfd.SignalName(p.FirstSignal()), who, Span(p.Grace))
}

// awaitDeath waits until every target is free, no victim has a socket of theirs any more, or time is up. A trial decides,
// not a death: a process that gives the port back and takes its time to end is not in the way.
func (g *Guard) awaitDeath(ctx context.Context, targets []target, victims []*victim, until time.Time) {
	lookAt := time.Now().Add(deathLook)
	for ctx.Err() == nil {
		for _, t := range targets {
			if t.Trial.Verdict != netdiag.Free {
				g.try(t.Outcome, decide.Kill)
			}
		}
		now := time.Now()
		left := until.Sub(now)
		if !anyWanted(targets) || left <= 0 || !pollAny(victims, min(left, deathStep)) {
			return
		}
		if now.After(lookAt) {
			if len(g.stillHolding(ctx, victims)) == 0 {
				return
			}
			lookAt = time.Now().Add(max(deathLook, deathShare*time.Since(now)))
		}
	}
}

// awaitRings waits until the kernel has let go of what was in the io_uring of a process that has ended: it takes a ring apart
// after the end of its process.
func (g *Guard) awaitRings(ctx context.Context, t target, until time.Time) {
	for _, h := range t.holders {
		for h.Absence == netdiag.InRing && ctx.Err() == nil && time.Now().Before(until) && !g.try(t.Outcome, decide.Kill) && g.isListed(ctx, h) {
			time.Sleep(deathStep)
		}
	}
}

// deathLook is how often it is looked whether a process still has its sockets, should that take no time; deathShare is how
// much longer than the last look the pause is at least.
const (
	deathLook  = 250 * time.Millisecond
	deathShare = 10
)

// deathStep is how often the port is tried while a process makes up its mind.
const deathStep = 20 * time.Millisecond

// drainLimit is how long data that an ended process left may take to be delivered.
const drainLimit = 2 * time.Second

// clearRemains destroys what is left of connections on the port when their processes are gone: without it, the port
// would stay taken for the minute of TIME_WAIT.
func (g *Guard) clearRemains(ctx context.Context, o *Outcome, rung decide.Rung) {
	for end := time.Now().Add(drainLimit); o.Trial.Verdict != netdiag.Free && ctx.Err() == nil; {
		f := o.Finding
		if err := g.prober.Explain(ctx, []*netdiag.Finding{&f}); err != nil {
			return
		}
		if f.Trial.Verdict != netdiag.Taken {
			o.Trial = f.Trial
			if f.Trial.Verdict == netdiag.Free {
				o.By = rung
			}
			return
		}
		cleared, closing := 0, 0
		for i := range f.Holders {
			h := &f.Holders[i]
			switch {
			case !h.OfNobody():
			case unsettled(h) && time.Now().Before(end):
				closing++
			default:
				a := g.clearOne(ctx, rung, h)
				if a.Holder = nil; a.Result != decide.Done { // what is left of the holders is no holder of its own
					g.act(o, a)
				} else {
					cleared++
				}
			}
		}
		g.try(o, rung)
		if cleared == 0 && closing == 0 || time.Since(end) > drainLimit { // some kernels say that they clear, and do not
			return
		}
		time.Sleep(deathStep)
	}
}

// unsettled reports whether the kernel still has data of such a socket to deliver.
func unsettled(h *netdiag.Holder) bool {
	return h.Kind == netdiag.Closing || h.Absence == netdiag.StaleSubflow && h.Socket.SendQueue > 0
}

// concludeKill records what became of each holder.
func (g *Guard) concludeKill(t target, victims []*victim, notes map[int]string, interrupted bool) {
	o := t.Outcome
	for _, h := range t.holders {
		for _, v := range victims {
			if v.owns(h) {
				a := v.action(h, interrupted)
				if len(v.sent) > 0 {
					a.Detail += g.note(h) + notes[v.process.PID]
				}
				g.act(o, a)
			}
		}
		if len(h.Keepers()) == 0 && o.Trial.Verdict == netdiag.Free {
			g.act(o, Action{decide.Kill, h, decide.Done, "cleared the " + h.Socket.State.String() + " record, which belonged to no process"})
		}
	}
}
