package wrapper

import (
	"slices"
	"testing"
	"time"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/wrapper/decide"
)

// What keeps a port from being handed out while it is worked on, or waited for, is in the way of none of the trials on it.
func TestGuardsAreInNoTrialsWay(t *testing.T) {
	const port = 25200
	rig := holders.New(t)
	for _, shape := range shapes() {
		endpoints := on(port, netdiag.ReuseNo, shape...)
		for name, guarded := range map[string]func(*Guard, *Report) placeholders{
			"at work": func(g *Guard, r *Report) placeholders {
				all := guardsFor(r)
				g.bindAll(all)
				return all
			},
			"waiting": (*Guard).keepConnectOff,
		} {
			t.Run(name+"/"+holding{shape, netdiag.ReuseNo}.String(), func(t *testing.T) {
				var others []*holders.Holder
				for _, o := range shapeOf(shape, true) {
					others = append(others, rig.Hold(t, port, holders.Spec{Options: o, State: holders.Bound, Origin: holders.Named}))
				}
				g := New(decide.Policy{}, nil)
				defer g.Close()
				r := g.Try(endpoints)
				defer r.Release()
				if got := len(r.wanted()); got != len(shape) {
					t.Fatalf("%d of %d are taken", got, len(shape))
				}
				all := guarded(g, r)
				defer all.close()
				for i, h := range others { // one after the other
					if err := h.CloseFD(); err != nil {
						t.Fatal(err)
					}
					if !g.try(&r.Outcomes[i], decide.Wait) {
						t.Errorf("%s is %s", r.Outcomes[i].Endpoint, r.Outcomes[i].Trial.Verdict)
					}
				}
				if held := slices.ContainsFunc(all, func(p Placeholder) bool { return p.FD >= 0 }); held != (len(planPort(endpoints).where) > 0) {
					t.Errorf("guarded: %v", held)
				}
			})
		}
	}
}

// Both sockets of a service come free, in the order in which they do.
func TestWaitForBothWildcards(t *testing.T) {
	const port = 25210
	rig := holders.New(t)
	var others []*holders.Holder
	for _, o := range shapeOf([]string{"0.0.0.0", ":: v6only"}, false) {
		others = append(others, rig.Hold(t, port, holders.Spec{Options: o, State: holders.Listen, Origin: holders.Named}))
	}
	w := wait(t, t.Context(), patient, on(port, netdiag.ReuseNo, "0.0.0.0", ":: v6only")...)
	for _, h := range others {
		if err := h.CloseFD(); err != nil {
			t.Fatal(err)
		}
	}
	w.checkFreed(t, 10*time.Second)
	if o := w.report.Outcomes[1]; o.By != decide.Wait {
		t.Errorf("got %+v", resultsOf(w.report))
	}
}
