package decide

import (
	"testing"

	"portguard/netdiag"
)

// The ladder is climbed from the least harm upwards, never down, and only by rungs that may help.
func TestNextRung(t *testing.T) {
	both := Policy{Wait: Forever, Kill: true}
	all := Policy{Share: true, Wait: Forever, Close: true, Kill: true}
	const (
		taken     = netdiag.Taken
		noAddress = netdiag.NoAddress
		forbidden = netdiag.Forbidden
		unknown   = netdiag.Unknown
	)
	for _, tt := range []struct {
		name    string
		policy  Policy
		climbed Rung
		wanted  []netdiag.Verdict
		want    Rung // Ground: the ladder ends
	}{
		{"nothing is allowed", Policy{}, Ground, []netdiag.Verdict{taken}, Ground},
		{"wait alone", Policy{Wait: 1}, Ground, []netdiag.Verdict{taken}, Wait},
		{"kill alone", Policy{Kill: true}, Ground, []netdiag.Verdict{taken}, Kill},
		{"wait before kill", both, Ground, []netdiag.Verdict{taken}, Wait},
		{"kill after wait", both, Wait, []netdiag.Verdict{taken}, Kill},
		{"share comes first", all, Ground, []netdiag.Verdict{taken}, Share},
		{"wait after share", all, Share, []netdiag.Verdict{taken}, Wait},
		{"close after wait", all, Wait, []netdiag.Verdict{taken}, Close},
		{"kill comes last", all, Close, []netdiag.Verdict{taken}, Kill},
		{"sharing does not help an address that is not there", all, Ground, []netdiag.Verdict{noAddress}, Wait},
		{"no rung twice", both, Kill, []netdiag.Verdict{taken}, Ground},
		{"wait is not tried again after kill", Policy{Wait: 1}, Kill, []netdiag.Verdict{taken}, Ground},
		{"widening kill does not allow it", Policy{KillListeners: true}, Ground, []netdiag.Verdict{taken}, Ground},

		{"everything is free", both, Ground, nil, Ground},
		{"waiting helps an address that is not there", both, Ground, []netdiag.Verdict{noAddress}, Wait},
		{"killing does not", both, Wait, []netdiag.Verdict{noAddress}, Ground},
		{"nothing helps a forbidden port", both, Ground, []netdiag.Verdict{forbidden}, Ground},
		{"nothing helps an unknown error", both, Ground, []netdiag.Verdict{unknown}, Ground},
		{"one that can be helped is enough", both, Ground, []netdiag.Verdict{forbidden, taken}, Wait},
		{"a rung that helps none is passed over", Policy{Kill: true}, Ground, []netdiag.Verdict{noAddress, taken}, Kill},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.policy.Next(tt.climbed, tt.wanted)
			if got != tt.want || ok != (tt.want != Ground) {
				t.Errorf("next() = %v, %v, want %v", got, ok, tt.want)
			}
		})
	}
}
