package wrapper

import (
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/wrapper/decide"
)

// What holds a port for the service is no holder to name before its next start, though it may be in the way of other options.
func TestOwnPlaceholdersAreNoHolders(t *testing.T) {
	g := hasty(New(decide.Policy{}, nil))
	defer g.Close()
	e := netdiag.Endpoint{Protocol: netdiag.TCP, Addr: loopback, Port: 22190, Options: netdiag.Options{ReuseAddr: netdiag.ReuseYes}}
	r, err := g.Run(t.Context(), []netdiag.Endpoint{e})
	if err != nil || !r.AllFree() {
		t.Fatalf("%v, %+v", err, r.Outcomes)
	}
	held := g.Hold(r)
	defer func() {
		for _, fd := range held.FDs() {
			unix.Close(fd)
		}
	}()
	e.ReuseAddr = netdiag.ReuseNo
	r, err = g.Run(t.Context(), []netdiag.Endpoint{e})
	defer r.Release()
	if err != nil || len(held.FDs()) != 1 || r.Outcomes[0].Trial.Verdict != netdiag.Taken {
		t.Fatalf("%v, held by %v: %+v", err, held.FDs(), r.Outcomes)
	}
	if all := r.Outcomes[0].Holders; len(all) != 0 {
		t.Errorf("named is %s", all[0].Local())
	}
}
