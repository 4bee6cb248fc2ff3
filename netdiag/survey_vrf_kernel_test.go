//go:build kernels

package netdiag_test

import (
	"testing"

	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// Each VRF has TCP ports of its own: a service in one is no obstacle to connect() in another, nor endangered by it.
func TestSurveyTellsVRFsApart(t *testing.T) {
	red, _ := nstest.VRF(t)
	for accepts, kept := range map[string]uint32{"0": red, "1": 0} {
		nstest.Sysctl(t, accept, accepts)
		port := uint16(42044 + kept)
		o := tcp(addresses("0.0.0.0")[0])
		o.Device = "red"
		holders.New(t).Hold(t, port, holders.Spec{Options: o, State: holders.Listen, Origin: holders.Named})
		_, s := survey(t)
		for _, vrf := range []uint32{0, red} {
			if got := s.Look(vrf).Bound.Contains(port); got != (vrf == kept) {
				t.Errorf("%s = %s: VRF %d has the port: %v", accept, accepts, vrf, got)
			}
		}
	}
}
