package advise

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
)

// Where those who have it know nothing of it, the listening can be ended without them. A server that serves would go on deaf.
func TestAdviseToEndTheListeningAlone(t *testing.T) {
	for _, tt := range []struct {
		name   string
		passed netdiag.Passed
		served sockdiag.Tristate
		starts systemd.Unit
		want   string
	}{
		{"a service", netdiag.NotPassed, sockdiag.Unknown, systemd.Unit{}, "--wait --kill"},
		{"perhaps a service", netdiag.MayBePassed, sockdiag.Unknown, systemd.Unit{}, "--wait --kill"},
		{"inherited", netdiag.MayBePassed, sockdiag.No, systemd.Unit{}, "--wait --close --kill"},
		{"left to several", netdiag.LeftToThem, sockdiag.Unknown, systemd.Unit{}, "--wait --close --kill"},
		{"left to several, which serve: workers whose master has ended", netdiag.LeftToThem, sockdiag.Yes, systemd.Unit{}, "--wait --kill"},
		{"left over from an earlier run, which nobody ends", netdiag.NotPassed, sockdiag.Unknown, systemd.Unit{Name: "order.service"}, "--kill"},
	} {
		o := reporttest.Incident()
		h := &o.Holders[0]
		h.Kind, h.Passed, h.Served, h.Socket = netdiag.Listener, tt.passed, tt.served, reporttest.Unconnected(unix.IPPROTO_TCP, sockdiag.Listen)
		judge := reporttest.Willing
		judge.Starts = tt.starts
		var got []string
		for _, line := range advised(t, judge, incidentFacts, o) {
			got = append(got, strings.Fields(line)[1])
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}
