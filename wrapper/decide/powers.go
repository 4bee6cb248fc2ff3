package decide

import (
	"fmt"
	"strings"

	"portguard/netdiag"
)

// Powers is what a user may do and what not: asked of the kernel, once of each power.
type Powers map[power]Decision

// power is a rung, with what belongs to these processes. What one may do with a socket, one may do with the others of the same kind
// that they have.
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

// Of is what was asked about a rung and a holder, and whether it was.
func (p Powers) Of(r Rung, h *netdiag.Holder) (d Decision, asked bool) {
	d, asked = p[powerOf(r, h)]
	return d, asked
}

// AskPowers asks of every rung that would go ahead whether this user may: what the report advises goes by it.
func (j Judge) AskPowers(wanted []*netdiag.Finding, may func(Rung, *netdiag.Holder) Decision) Powers {
	j.Policy.KillListeners = true
	asked := Powers{}
	for _, f := range wanted {
		for i := range f.Holders {
			h := &f.Holders[i]
			for _, rung := range []Rung{Share, Close, RestartUnit, Kill} {
				key := powerOf(rung, h)
				if _, known := asked[key]; !known && j.Decide(rung, f.Endpoint, h).GoAhead() {
					asked[key] = may(rung, h)
				}
			}
		}
	}
	return asked
}
