package hold

import (
	"strings"
	"testing"

	"portguard/netdiag"
	"portguard/netdiag/pidfd"
)

// What holds a port is known again, whoever has it open: in a service, or of portguard hold.
func TestPlaceholdersAreKnownAgain(t *testing.T) {
	const port = 25301
	known := func(t *testing.T, fd int) {
		t.Helper()
		at, err := pidfd.LocalAddr(fd)
		if err != nil {
			t.Fatal(err)
		}
		e := netdiag.Endpoint{Protocol: netdiag.TCP, Addr: at.Addr(), Port: port, Options: netdiag.Options{ReuseAddr: netdiag.ReuseNo, V6Only: at.Addr().Is6(), FreeBind: true}}
		f := netdiag.Finding{Endpoint: e, Trial: netdiag.Try(e)}
		p := netdiag.NewProber()
		defer p.Close()
		if err := p.Explain(t.Context(), []*netdiag.Finding{&f}); err != nil {
			t.Fatal(err)
		}
		if len(f.Holders) != 1 || !f.Holders[0].Flags.Placeholder {
			t.Errorf("%s: %+v", at, f.Holders)
		}
	}
	for _, said := range []netdiag.Reuse{netdiag.ReuseNotSaid, netdiag.ReuseYes, netdiag.ReuseNo} {
		h := holding{[]string{"127.0.0.1"}, said}
		t.Run(h.String(), func(t *testing.T) {
			t.Run("in a service", func(t *testing.T) {
				held := h.take(t, port)
				defer held.Close()
				known(t, held[0].FD)
			})
			t.Run("of hold", func(t *testing.T) {
				endpoints := on(port, said, h.addrs...)
				found := try(endpoints)
				defer release(found)
				StepAside(endpoints)(found[0])
				known(t, found[0].Trial.FD)
			})
		})
	}
}

// A port that is held for a service without SO_REUSEADDR has one socket, and the service starts beside it.
func TestWhoStepsAsideIsInNoServicesWay(t *testing.T) {
	const port = 25300
	for _, shape := range shapes() {
		endpoints := on(port, netdiag.ReuseNo, shape...)
		t.Run(strings.Join(shape, ", "), func(t *testing.T) {
			if _, why := Unholdable(endpoints); why != "" {
				if len(planPort(endpoints).where) > 0 {
					t.Errorf("not held: %s", why)
				}
				return
			}
			found, stepAside := try(endpoints), StepAside(endpoints)
			defer release(found)
			sockets := 0
			for _, f := range found {
				if stepAside(f); f.Trial.FD >= 0 {
					sockets++
				}
			}
			if sockets != 1 {
				t.Errorf("%d sockets", sockets)
			}
			if _, err := starts(t, shape, false, port); err != nil {
				t.Error(err)
			}
		})
	}
}
