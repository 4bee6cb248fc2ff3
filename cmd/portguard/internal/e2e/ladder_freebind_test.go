package e2e

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/holders"
)

// absent is an address that no host has.
var absent = netip.MustParseAddr("192.0.2.1")

// TestStartsOnAnAbsentAddress: on the backup node of a virtual address, a service that binds it all the same is started, and
// its port is held.
func TestStartsOnAnAbsentAddress(t *testing.T) {
	l := newLadder(t)
	for _, tt := range []struct {
		name           string
		flags, service []string
		says           string
	}{
		{"IP_FREEBIND", nil, []string{"-freebind"}, "bound to 100::1"},
		{"IP_TRANSPARENT", nil, []string{"-transparent"}, "bound to 100::1"},
		{"with SO_REUSEADDR", []string{"--reuseaddr", "yes"}, []string{"-freebind"}, "bound to 192.0.2.1"},
		{"without SO_REUSEADDR", []string{"--no-reuseaddr"}, []string{"-freebind", "-reuse=false"}, "bound to 100::1"},
		{"supervised", []string{"--restart", "no", "--reuseaddr", "yes"}, []string{"-freebind"}, "over restarts, bound to 192.0.2.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := number(l.port())
			line := slices.Concat([]string{l.portguard, "-v", "--freebind"}, tt.flags, []string{"-p", absent.String() + ":" + port, "--",
				l.service, "-addr", absent.String()}, tt.service, []string{port})
			p := launch(t, line...)
			p.expect(t, "up")
			p.stop(t, unix.SIGTERM) // a supervisor that is killed leaves its service
			if !strings.Contains(p.errs.String(), tt.says) {
				t.Errorf("%q is missing in:\n%s", tt.says, p.errs.String())
			}
		})
	}

	t.Run("not said", func(t *testing.T) {
		port := number(l.port())
		p := launch(t, l.portguard, "-p", absent.String()+":"+port, "--", l.service, "-addr", absent.String(), "-freebind", port)
		if status := p.end(t); status != cli.ExitUnavailable {
			t.Errorf("status %d\n%s", status, p.errs.String())
		}
	})
}

// TestHoldsAnAbsentAddress: nobody else gets the port, and the service starts beside.
func TestHoldsAnAbsentAddress(t *testing.T) {
	l := newLadder(t)
	port := l.port()
	hold := launch(t, l.portguard, "hold", "--freebind", "-p", absent.String()+":"+number(port))
	eventually(t, 10*time.Second, "portguard holds", func() bool { return strings.Contains(hold.errs.String(), "holding") })
	fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: absent, FreeBind: true}.Bind(port)
	if err == nil {
		unix.Close(fd)
		t.Error("another program binds it")
	}
	launch(t, l.service, "-addr", absent.String(), "-freebind", number(port)).expect(t, "up")
}
