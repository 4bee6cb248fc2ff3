package wrapper

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/wrapper/decide"
)

// What a report holds for allowed to this user is what comes of it when it is done, and the other way round.
func TestPowersAreWhatIsDone(t *testing.T) {
	nstest.Root(t)
	rig := holders.New(t)
	const alice, root = 64001, 0
	record := holders.Spec{Options: pooled.Options, State: holders.TimeWait, Origin: holders.Picked}
	policies := map[decide.Rung]decide.Policy{decide.Share: {Share: true}, decide.Close: {Close: true}, decide.Kill: {Kill: true, Grace: time.Second}}
	port := uint16(22240)
	for _, tt := range []struct {
		name   string
		who    int
		holder holders.Spec
		owner  int // of the process that has it
		may    map[decide.Rung]bool
	}{
		{"root, with another user's connection", root, pooled, alice, map[decide.Rung]bool{decide.Share: true, decide.Close: true, decide.Kill: true}},
		{"a user, with a connection of their own", alice, pooled, alice, map[decide.Rung]bool{decide.Share: true, decide.Close: true, decide.Kill: true}},
		{"a user, with root's connection", alice, pooled, root, map[decide.Rung]bool{}},
		{"root, with what is left of one", root, record, 0, map[decide.Rung]bool{decide.Share: true, decide.Close: true, decide.Kill: true}},
		{"a user, with what is left of one", alice, record, 0, map[decide.Rung]bool{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			held, done := map[decide.Rung]bool{}, map[decide.Rung]bool{}
			for _, rung := range []decide.Rung{decide.Share, decide.Close, decide.Kill} {
				port++
				if h := rig.Hold(t, port, tt.holder); tt.holder.State != holders.TimeWait {
					victims(t, h, as(uint32(tt.owner)), obeys)
				}
				try := func(p decide.Policy) (r *Report, err error) {
					g := hasty(New(p, nil))
					defer g.Close()
					return g.Run(t.Context(), []netdiag.Endpoint{tcp(port)})
				}
				nstest.As(t, tt.who, func() {
					r, err := try(decide.Policy{})
					defer r.Release()
					if err != nil || len(r.Outcomes[0].Holders) != 1 {
						t.Errorf("%+v, %v", r.Outcomes, err)
						return
					}
					if d, asked := r.Judge.Powers.Of(rung, &r.Outcomes[0].Holders[0]); asked && d.GoAhead() {
						held[rung] = true
					}
					after, err := try(policies[rung])
					defer after.Release()
					if err != nil {
						t.Error(err)
					} else if after.Outcomes[0].Trial.Verdict == netdiag.Free {
						done[rung] = true
					}
				})
			}
			if diff := cmp.Diff(tt.may, held); diff != "" {
				t.Errorf("held for allowed (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.may, done); diff != "" {
				t.Errorf("done (-want +got)\n%s", diff)
			}
		})
	}
}
