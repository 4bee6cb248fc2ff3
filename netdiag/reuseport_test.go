package netdiag_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag/holders"
)

// A UDP service with SO_REUSEPORT, on every address, where one socket would share the port with it and the other would
// not: the kernel asks the one that was bound last.
func TestExplainAsksTheLatestUDPSocketFirst(t *testing.T) {
	l := newLab(t)
	bound := func(text string) holders.Spec { return spec(holders.Bound, holders.Named, text) }
	for _, tt := range []struct {
		name    string
		holders []holders.Spec
		want    string // verdict; holders
	}{
		{"the latest shares", []holders.Spec{bound("udp 10.99.0.1"), bound("udp 10.99.0.2 reuseport")}, "free"},
		{"the latest does not", []holders.Spec{bound("udp 10.99.0.1 reuseport"), bound("udp 10.99.0.2")},
			"taken; listener CLOSE 10.99.0.2 mine"},
		{"of the two families, in the order that a dump would have", []holders.Spec{bound("udp fd99::1"), bound("udp 10.99.0.1 reuseport")},
			"taken; listener CLOSE fd99::1 mine, perhaps"},
		{"of the two families, in the other", []holders.Spec{bound("udp 10.99.0.1 reuseport"), bound("udp fd99::1")},
			"taken; listener CLOSE fd99::1 mine, perhaps"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l.hold(t, tt.holders...)
			e := service("udp * reuseport", l.port)
			if diff := cmp.Diff(tt.want, strings.Join(explain(t, e), "; ")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			kernel := serve(options("udp :: reuseport"), l.port)
			if free := strings.HasPrefix(tt.want, "free"); !strings.Contains(tt.want, "perhaps") && free != (kernel == nil) {
				t.Errorf("the kernel says %v", kernel)
			}
		})
	}
}

// Of TCP sockets, a service on the very address that was last bound with SO_REUSEPORT is let in whoever else is there, one
// on every address is not: what a bind() of the holder's address says of the service is misleading.
func TestExplainIsNotMisledBySharingOfOneAddress(t *testing.T) {
	l := newLab(t)
	l.hold(t,
		spec(holders.Established, holders.AcceptedSpecific, "10.99.0.1 reuseaddr"),
		spec(holders.FinWait2Orphan, holders.Named, "10.99.0.1 reuseaddr reuseport"))
	if err := serve(options("10.99.0.1 reuseport"), l.port); err != nil {
		t.Skipf("this kernel asks everyone there: %v", err)
	}
	want := []string{"taken", "accepted ESTABLISHED 10.99.0.1 mine", "remains FIN_WAIT2 10.99.0.1 ownerless, perhaps"}
	if diff := cmp.Diff(want, explain(t, service("* noreuseaddr reuseport", l.port))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
