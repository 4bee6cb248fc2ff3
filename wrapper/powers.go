package wrapper

import (
	"context"
	"os"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
)

// power is what a user may do or not: a rung, with what belongs to these processes. What one may do with a socket, one may do with
// the others of the same kind that they have.
type power struct {
	rung  Rung
	kind  netdiag.Kind
	first int // pid, 0 where it is nobody's
	count int
}

func powerOf(r Rung, h *netdiag.Holder) power {
	p := power{rung: r, kind: h.Kind}
	if keepers := h.Keepers(); len(keepers) > 0 {
		p.first, p.count = keepers[0].PID, len(keepers)
	}
	return p
}

// askPowers asks of every rung that would go ahead whether this user may: what the report advises goes by it.
func (g *Guard) askPowers(ctx context.Context, judge Judge, r *Report) map[power]Decision {
	judge.Policy.KillListeners = true
	asked := map[power]Decision{}
	for _, o := range r.wanted() {
		for i := range o.Holders {
			h := &o.Holders[i]
			for _, rung := range []Rung{Share, Close, RestartUnit, Kill} {
				key := powerOf(rung, h)
				if _, known := asked[key]; known || !judge.Decide(rung, o.Endpoint, h).GoAhead() {
					continue
				}
				asked[key] = Decision{}
				if a := g.would(ctx, judge, rung, h); a.Result != Would {
					asked[key] = Decision{Result: a.Result, Why: a.Detail}
				}
			}
		}
	}
	return asked
}

// mayRise reports whether this user is not root and could become root, by sudo.
func mayRise() bool {
	stuck, _ := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	return os.Geteuid() != 0 && stuck == 0
}
