package wrapper

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
)

// power is what a user may do or not: a rung, with what belongs to these processes. What one may do with a socket, one may do with
// the others of the same kind that they have.
type power struct {
	rung    Rung
	kind    netdiag.Kind
	keepers string // their pids, "" where it is nobody's
}

func powerOf(r Rung, h *netdiag.Holder) power {
	var pids strings.Builder
	for _, k := range h.Keepers() {
		fmt.Fprintf(&pids, "%d ", k.PID)
	}
	return power{r, h.Kind, pids.String()}
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
