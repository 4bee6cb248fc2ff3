package netdiag_test

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
)

// Whoever has a placeholder open, it is known again; a socket that is only like it is not.
func TestExplainKnowsAPlaceholder(t *testing.T) {
	l := newLab(t)
	for _, marked := range []bool{true, false} {
		l.port++
		at := netdiag.Endpoint{Protocol: netdiag.TCP, Port: l.port}
		fd, err := netdiag.NewBinder().Beside(at, netip.IPv6Loopback())
		if !marked {
			unix.Close(fd)
			at.Addr = netip.IPv6Loopback()
			fd = netdiag.Try(at).FD
		}
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		f, err := tryAndExplain(service("::1 noreuseaddr", l.port))
		if err != nil || len(f.Holders) != 1 {
			t.Fatalf("%q, %v", lines(f), err)
		}
		if got := f.Holders[0].Flags.Placeholder; got != marked {
			t.Errorf("marked %v: %v", marked, got)
		}
	}
}
