package netdiag_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag/holders"
)

// A UDP trial sets no reuse option, lest it take datagrams from a live holder: what the options change is worked out.
func TestExplainDecidesUDP(t *testing.T) {
	l := newLab(t)
	for _, tt := range []struct {
		name    string
		holder  holders.Spec
		service string
		want    string
	}{
		{"plain holder", spec(holders.Bound, holders.Named, "udp 0.0.0.0"), "udp *", "taken; listener CLOSE 0.0.0.0 mine"},
		{"holder with SO_REUSEADDR, service not said to", spec(holders.Bound, holders.Named, "udp 0.0.0.0 reuseaddr"), "udp *",
			"taken; listener CLOSE 0.0.0.0 mine"},
		{"both with SO_REUSEADDR", spec(holders.Bound, holders.Named, "udp 0.0.0.0 reuseaddr"), "udp * reuseaddr", "free"},
		{"only the service with SO_REUSEADDR", spec(holders.Bound, holders.Named, "udp 0.0.0.0"), "udp * reuseaddr",
			"taken; listener CLOSE 0.0.0.0 mine"},
		{"both with SO_REUSEPORT", spec(holders.Bound, holders.Named, "udp :: reuseport"), "udp * reuseport", "free"},
		{"only the holder with SO_REUSEPORT", spec(holders.Bound, holders.Named, "udp :: reuseport"), "udp *",
			"taken; listener CLOSE :: mine"},
		{"client by connect()", spec(holders.Established, holders.Picked, "udp 10.99.0.1"), "udp *", "taken; client ESTABLISHED 10.99.0.1 mine"},
		{"client by sendto()", spec(holders.Bound, holders.Picked, "udp 10.99.0.1"), "udp 10.99.0.2", "taken; client CLOSE 0.0.0.0 mine"},
		{"client by bind() and connect()", spec(holders.Established, holders.Named, "udp fd99::1"), "udp *", "taken; bound-client ESTABLISHED fd99::1 mine"},
		{"client by IPv6 and a service by IPv4", spec(holders.Established, holders.Picked, "udp fd99::1"), "udp 0.0.0.0",
			"taken; client ESTABLISHED fd99::1 mine"},
		{"on another address", spec(holders.Bound, holders.Named, "udp 10.99.0.2"), "udp 10.99.0.1", "free"},
		{"TCP on the same port", spec(holders.Listen, holders.Named, "0.0.0.0"), "udp *", "free"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l.hold(t, tt.holder)
			got := strings.Join(explain(t, service(tt.service, l.port)), "; ")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
