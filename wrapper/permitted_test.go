package wrapper

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/wrapper/decide"
)

// Where this user may not deal with all that is in the way, nobody is harmed for it: the port would stay taken.
func TestNobodyIsHarmedBesideWhatThisUserMayNotTouch(t *testing.T) {
	nstest.Root(t)
	rig := holders.New(t)
	const alice = 64001
	record := holders.Spec{Options: pooled.Options, State: holders.TimeWait, Origin: holders.Picked}
	for i, tt := range []struct {
		name   string
		policy decide.Policy
		other  holders.Spec
	}{
		{"another user's process, by kill", decide.Policy{Kill: true, Grace: time.Second}, pooled},
		{"another user's connection, by close", decide.Policy{Close: true}, pooled},
		{"another user's connection, by close or kill", decide.Policy{Close: true, Kill: true, Grace: time.Second}, pooled},
		{"a record, by kill", decide.Policy{Kill: true, Grace: time.Second}, record},
		{"a record, by close", decide.Policy{Close: true}, record},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := uint16(22210 + i)
			own := pooled
			own.Addr = netip.AddrFrom4([4]byte{127, 0, 0, 2})
			hers := victims(t, rig.Hold(t, port, own), as(alice), obeys)[0]
			if h := rig.Hold(t, port, tt.other); tt.other.State != holders.TimeWait {
				victims(t, h, as(0), obeys)
			}
			nstest.As(t, alice, func() {
				g := hasty(New(tt.policy, nil))
				defer g.Close()
				r, err := g.Run(t.Context(), []netdiag.Endpoint{tcp(port)})
				defer r.Release()
				if err != nil {
					t.Error(err)
				}
				actions := r.Outcomes[0].Actions
				if slices.ContainsFunc(actions, func(a Action) bool { return a.Result == decide.Done }) ||
					!slices.ContainsFunc(actions, func(a Action) bool { return a.Result == decide.NotPermitted }) {
					t.Errorf("%+v", actions)
				}
			})
			select {
			case <-hers.ended:
				t.Error("her own process was ended")
			default:
			}
		})
	}
}
