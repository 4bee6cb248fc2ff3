package install

import (
	"net/netip"
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/unit/listens"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
)

// A service that sets no SO_REUSEADDR is guarded by flags that say so, and by a hold that is not in its way.
func TestFit(t *testing.T) {
	bare := func(l listens.Listener) listens.Listener {
		l.Flags.ReuseAddr = sockdiag.No
		return l
	}
	usual := func(l listens.Listener) listens.Listener {
		l.Flags.ReuseAddr = sockdiag.Yes
		return l
	}
	for _, tt := range []struct {
		name  string
		as    string
		given string
		in    []listens.Listener
		want  string // the flags; an error, where it is none
	}{
		{"as most do", "wrapper", "-p 80", []listens.Listener{usual(dual("80"))}, "-p 80"},
		{"what cannot be seen", "wrapper", "-p 80", []listens.Listener{dual("80")}, "-p 80"},
		{"nothing listens", "wrapper", "-p 80", nil, "-p 80"},
		{"every address", "wrapper", "-p 80", []listens.Listener{bare(dual("80"))}, "-p 80 --no-reuseaddr --reserve --hold none"},
		{"every address, before the start", "pre", "-p 80", []listens.Listener{bare(dual("80"))}, "-p 80 --no-reuseaddr --reserve"},
		{"a pair", "wrapper", "-p 80", []listens.Listener{bare(other("0.0.0.0:80")), bare(six("80"))}, "-p 80 --no-reuseaddr --reserve --hold none"},
		{"loopback addresses", "wrapper", "-p [::1]:80,127.0.0.1:80", []listens.Listener{bare(other("127.0.0.1:80")), bare(other("[::1]:80"))}, "-p [::1]:80,127.0.0.1:80 --no-reuseaddr"},
		{"the same, over restarts", "wrapper", "-p [::1]:80,127.0.0.1:80 --hold fdstore", []listens.Listener{bare(other("127.0.0.1:80")), bare(other("[::1]:80"))}, "-p [::1]:80,127.0.0.1:80 --no-reuseaddr --hold fdstore"},
		{"one of two", "wrapper", "-p 80,127.0.0.1:81", []listens.Listener{bare(dual("80")), usual(other("127.0.0.1:81"))}, "-p 80,127.0.0.1:81 --reserve --hold none"},
		{"what was said counts", "wrapper", "-p 80 --reuseaddr yes", []listens.Listener{bare(dual("80"))}, "-p 80 --reuseaddr yes"},
		{"a hold that would be in the way", "wrapper", "-p 80 --hold exec", []listens.Listener{bare(dual("80"))}, "in its way"},
		{"a rung that is in vain", "pre", "-p 80 --share", []listens.Listener{bare(dual("80"))}, "--share is in vain"},
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

func listening(local string, v6Only sockdiag.Tristate) listens.Listener {
	return listens.Listener{Socket: sockdiag.Socket{Local: netip.MustParseAddrPort(local), V6Only: v6Only}}
}

func dual(port string) listens.Listener { return listening("[::]:"+port, sockdiag.No) }

func six(port string) listens.Listener { return listening("[::]:"+port, sockdiag.Yes) }

func other(local string) listens.Listener { return listening(local, sockdiag.Unknown) }
