package hold

import (
	"slices"
	"testing"

	"portguard/netdiag"
	"portguard/netdiag/holders"
)

// What keeps a port from being handed out while it is worked on, or waited for, is in the way of none of the trials on it.
func TestGuardsAreInNoTrialsWay(t *testing.T) {
	const port = 25200
	rig := holders.New(t)
	for _, shape := range shapes() {
		endpoints := on(port, netdiag.ReuseNo, shape...)
		for name, guarded := range map[string]func([]*netdiag.Finding) Placeholders{"at work": ForWork, "waiting": ForWait} {
			t.Run(name+"/"+holding{shape, netdiag.ReuseNo}.String(), func(t *testing.T) {
				var others []*holders.Holder
				for _, o := range shapeOf(shape, true) {
					others = append(others, rig.Hold(t, port, holders.Spec{Options: o, State: holders.Bound, Origin: holders.Named}))
				}
				found := try(endpoints)
				defer release(found)
				if got := len(wanted(found)); got != len(shape) {
					t.Fatalf("%d of %d are taken", got, len(shape))
				}
				all := guarded(found)
				defer all.Close()
				all.Bind(RoomNow(), func(int) {})
				for i, h := range others { // one after the other
					if err := h.CloseFD(); err != nil {
						t.Fatal(err)
					}
					if found[i].Trial = netdiag.Try(endpoints[i]); found[i].Trial.Verdict != netdiag.Free {
						t.Errorf("%s is %s", endpoints[i], found[i].Trial.Verdict)
					}
				}
				if held := slices.ContainsFunc(all, func(p Placeholder) bool { return p.FD >= 0 }); held != (len(planPort(endpoints).where) > 0) {
					t.Errorf("guarded: %v", held)
				}
				if all.KeepWanted(found); slices.ContainsFunc(all, func(p Placeholder) bool { return p.FD >= 0 }) {
					t.Error("guarded when all are free")
				}
			})
		}
	}
}

// wanted are those that are not free.
func wanted(all []*netdiag.Finding) []*netdiag.Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f *netdiag.Finding) bool { return f.Trial.Verdict == netdiag.Free })
}
