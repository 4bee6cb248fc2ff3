package wrapper

import (
	"context"
	"time"

	"portguard/netdiag"
	"portguard/wrapper/decide"
)

// decideAgain looks, right before the act, whether processes of the service still have one of the sockets, and decides about
// those as they are now.
func (g *Guard) decideAgain(ctx context.Context, r *Report, unit string, targets []target) (judge decide.Judge, d decide.Decision, holds bool) {
	still := g.stillHolding(ctx, ownersOf(unit, targets))
	judge = g.judge(ctx, r, []string{unit})
	for _, t := range targets {
		for _, h := range t.holders {
			now := *h
			now.Owners = nil
			for _, o := range h.Owners {
				if p, ok := still[o.PID]; ok && decide.ServiceOf(h) == unit {
					now.Owners = append(now.Owners, p)
				}
			}
			if len(now.Owners) == 0 {
				continue
			}
			holds = true
			if d = judge.Decide(decide.RestartUnit, t.Endpoint, &now); d.GoAhead() && decide.ServiceOf(&now) != unit {
				d = decide.Decision{Result: decide.NotPossible, Why: "it is not " + unit + " any more that has it"}
			}
			if !d.GoAhead() {
				return judge, d, true
			}
		}
	}
	return judge, decide.Decision{}, holds
}

// ownersOf are the processes of a service that have one of the holders; of every service for "".
func ownersOf(unit string, targets []target) []*victim {
	byPID := map[int]*victim{}
	var all []*victim
	for _, t := range targets {
		for _, h := range t.holders {
			if of := decide.ServiceOf(h); of == "" || unit != "" && unit != of {
				continue
			}
			for _, o := range h.Owners {
				v := byPID[o.PID]
				if v == nil {
					v = newVictim(o)
					byPID[o.PID] = v
					all = append(all, v)
				}
				v.add(h, o, false)
			}
		}
	}
	return all
}

// restartSilence is how long a restart is waited for without a word.
const restartSilence = time.Second

// awaitRestarts waits until the trials succeed, until nobody has the sockets any more, or until every job is over, whichever
// comes first: what is restarted may have to wait for the very start that waits for the port (After=). Meanwhile systemd is
// asked for more time, as in a wait.
func (g *Guard) awaitRestarts(ctx context.Context, targets []target, all *restarts) {
	owners := ownersOf("", targets)
	begin := time.Now()
	lookAt, told := begin.Add(deathLook), false
	for ctx.Err() == nil && all.running() && time.Since(begin) < restartLimit {
		for _, t := range targets {
			if t.Trial.Verdict != netdiag.Free {
				g.try(t.Outcome, decide.RestartUnit)
			}
		}
		if !anyWanted(targets) {
			return
		}
		now := time.Now()
		if !told && now.Sub(begin) > restartSilence && g.watcher != nil {
			told = true
			g.watcher.Waiting(Waiting{Outcomes: wantedOf(targets), Until: begin.Add(restartLimit)})
		}
		if now.After(lookAt) {
			if len(g.stillHolding(ctx, owners)) == 0 {
				return
			}
			lookAt = time.Now().Add(max(deathLook, deathShare*time.Since(now)))
		}
		time.Sleep(deathStep)
	}
}

func wantedOf(targets []target) []*Outcome {
	var some []*Outcome
	for _, t := range targets {
		if t.Trial.Verdict != netdiag.Free {
			some = append(some, t.Outcome)
		}
	}
	return some
}
