package unit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/flags"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
)

// A service of two sockets, of which a client keeps one, is guarded whole; one that wants IPv6 alone is not taken for it.
func TestHalfStarted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		in    []listener
		taken map[uint16]string
		want  string
		notes []string
	}{
		{"whole", []listener{other("0.0.0.0:80"), six("80")}, map[uint16]string{80: "redis (pid 7)"}, "-p 80", nil},
		{"dual-stack", []listener{dual("80")}, map[uint16]string{80: "redis (pid 7)"}, "-p 80", nil},
		{
			"half", []listener{six("80")}, map[uint16]string{80: "redis (pid 7)"}, "-p 80",
			[]string{"it listens on [::]:80 alone, and is deaf to IPv4, where redis (pid 7) has the port: both halves are guarded"},
		},
		{
			"half, with several processes", []listener{six("80"), six("80")}, map[uint16]string{80: "redis (pid 7)"}, "-p 80",
			[]string{"it listens on [::]:80 alone, and is deaf to IPv4, where redis (pid 7) has the port: both halves are guarded"},
		},
		{
			"half on one port of two", []listener{six("80"), six("81"), other("0.0.0.0:81")}, map[uint16]string{80: "another socket"}, "-p 80,81",
			[]string{"it listens on [::]:80 alone, and is deaf to IPv4, where another socket has the port: both halves are guarded"},
		},
		{
			"IPv6 alone", []listener{six("80")}, nil, "--v6only -p [::]:80",
			[]string{"it listens on [::]:80 alone, not on IPv4; -p 80 guards both"},
		},
		{"one address of IPv6", []listener{other("[::1]:80")}, map[uint16]string{80: "redis (pid 7)"}, "-p [::1]:80", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, notes := completed(tt.in, func(port uint16) string { return tt.taken[port] })
			found, err := endpointsOf(all)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(flags.OfEndpoints(found), " "); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.notes, notes); diff != "" {
				t.Errorf("notes (-want +got)\n%s", diff)
			}
		})
	}
}

// A service that sets no SO_REUSEADDR is guarded by flags that say so, and by a hold that is not in its way.
func TestFit(t *testing.T) {
	bare := func(l listener) listener {
		l.flags.ReuseAddr = sockdiag.No
		return l
	}
	usual := func(l listener) listener {
		l.flags.ReuseAddr = sockdiag.Yes
		return l
	}
	for _, tt := range []struct {
		name  string
		as    string
		given string
		in    []listener
		want  string // the flags; an error, where it is none
	}{
		{"as most do", "wrapper", "-p 80", []listener{usual(dual("80"))}, "-p 80"},
		{"what cannot be seen", "wrapper", "-p 80", []listener{dual("80")}, "-p 80"},
		{"nothing listens", "wrapper", "-p 80", nil, "-p 80"},
		{"every address", "wrapper", "-p 80", []listener{bare(dual("80"))}, "-p 80 --no-reuseaddr --reserve --hold none"},
		{"every address, before the start", "pre", "-p 80", []listener{bare(dual("80"))}, "-p 80 --no-reuseaddr --reserve"},
		{"a pair", "wrapper", "-p 80", []listener{bare(other("0.0.0.0:80")), bare(six("80"))}, "-p 80 --no-reuseaddr --reserve --hold none"},
		{"loopback addresses", "wrapper", "-p [::1]:80,127.0.0.1:80", []listener{bare(other("127.0.0.1:80")), bare(other("[::1]:80"))}, "-p [::1]:80,127.0.0.1:80 --no-reuseaddr"},
		{"the same, over restarts", "wrapper", "-p [::1]:80,127.0.0.1:80 --hold fdstore", []listener{bare(other("127.0.0.1:80")), bare(other("[::1]:80"))}, "-p [::1]:80,127.0.0.1:80 --no-reuseaddr --hold fdstore"},
		{"one of two", "wrapper", "-p 80,127.0.0.1:81", []listener{bare(dual("80")), usual(other("127.0.0.1:81"))}, "-p 80,127.0.0.1:81 --reserve --hold none"},
		{"what was said counts", "wrapper", "-p 80 --reuseaddr yes", []listener{bare(dual("80"))}, "-p 80 --reuseaddr yes"},
		{"a hold that would be in the way", "wrapper", "-p 80 --hold exec", []listener{bare(dual("80"))}, "in its way"},
		{"a rung that is in vain", "pre", "-p 80 --share", []listener{bare(dual("80"))}, "--share is in vain"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := asked(t, tt.as, strings.Fields(tt.given)...)
			svc := systemd.Service{Name: "order.service"}
			err := in.fit(svc, tt.in)
			if again := in.fit(svc, tt.in); err == nil && again != nil { // decided on twice: before and after a reload
				t.Error(again)
			}
			ports, rest := flags.Spelled(in.flags.VisitAll)
			got := strings.Join(append(ports, rest...), " ")
			if err != nil {
				got = err.Error()
			}
			if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if len(in.learned) > 1 {
				t.Errorf("said twice: %q", in.learned)
			}
			if strings.Contains(got, "--no-reuseaddr") && in.endpoints[0].ReuseAddr != netdiag.ReuseNo {
				t.Errorf("endpoints %+v", in.endpoints)
			}
		})
	}
}
