package listens

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/flags"
	"portguard/netdiag/sockdiag"
)

func listening(local string, v6Only sockdiag.Tristate) Listener {
	return Listener{Socket: sockdiag.Socket{Local: netip.MustParseAddrPort(local), V6Only: v6Only}}
}

func dual(port string) Listener { return listening("[::]:"+port, sockdiag.No) }

func six(port string) Listener { return listening("[::]:"+port, sockdiag.Yes) }

func other(local string) Listener { return listening(local, sockdiag.Unknown) }

func TestEndpointsOfListeners(t *testing.T) {
	shared := func(l Listener) Listener {
		l.Flags.ReusePort = sockdiag.Yes
		return l
	}
	on := func(device uint32, l Listener) Listener {
		l.Interface = device
		return l
	}
	for _, tt := range []struct {
		name  string
		in    []Listener
		want  string
		fails bool
	}{
		{"none", nil, "", false},
		{"dual-stack is a port alone", []Listener{dual("80")}, "-p 80", false},
		{"a pair is one, too", []Listener{other("0.0.0.0:80"), six("80")}, "-p 80", false},
		{"IPv4 alone", []Listener{other("0.0.0.0:80")}, "-p 0.0.0.0:80", false},
		{"IPv6 alone", []Listener{six("80")}, "--v6only -p [::]:80", false},
		{"addresses are kept", []Listener{other("127.0.0.1:80"), other("[::1]:80")}, "-p [::1]:80,127.0.0.1:80", false},
		{"a mapped address is IPv4", []Listener{other("[::ffff:127.0.0.1]:80")}, "-p 127.0.0.1:80", false},
		{"SO_REUSEPORT", []Listener{dual("80"), dual("80"), other("127.0.0.1:81"), other("127.0.0.1:81")}, "-p 80,127.0.0.1:81", false},
		{"SO_REUSEPORT of all", []Listener{shared(dual("80")), shared(other("127.0.0.1:81"))}, "--reuseport -p 80,127.0.0.1:81", false},
		{"SO_REUSEPORT of one is no option of both", []Listener{shared(dual("80")), other("127.0.0.1:81")}, "-p 80,127.0.0.1:81", false},
		{"IP_FREEBIND of one", []Listener{{Socket: other("192.0.2.1:80").Socket, FreeBind: true}, other("127.0.0.1:80")}, "--freebind -p 127.0.0.1:80,192.0.2.1:80", false},
		{"on an interface", []Listener{on(1, dual("80")), on(1, other("0.0.0.0:81")), on(1, other("127.0.0.1:82"))},
			"-p *%lo:80,0.0.0.0%lo:81,127.0.0.1%lo:82", false},
		{"a link-local address", []Listener{on(1, other("[fe80::1]:80"))}, "-p [fe80::1%lo]:80", false},
		{"a pair on two interfaces is none", []Listener{on(1, other("0.0.0.0:80")), six("80")}, "--v6only -p [::]:80,0.0.0.0%lo:80", false},
		{"on an interface that is gone", []Listener{on(999999, dual("80"))}, "-p 80", false},
		{"in order", []Listener{dual("9090"), dual("80"), dual("443")}, "-p 80,443,9090", false},
		{"one behind the other", []Listener{dual("8082"), dual("8080"), dual("8081")}, "-p 8080-8082", false},
		{"what no flag can say", []Listener{dual("80"), six("81")}, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, err := Endpoints(tt.in)
			got := ""
			if len(all) > 0 {
				got = strings.Join(flags.OfEndpoints(all), " ")
			}
			if got != tt.want || (err != nil) != tt.fails {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// A service of two sockets, of which a client keeps one, is guarded whole; one that wants IPv6 alone is not taken for it.
func TestHalfStarted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		in    []Listener
		taken map[uint16]string
		want  string
		notes []string
	}{
		{"whole", []Listener{other("0.0.0.0:80"), six("80")}, map[uint16]string{80: "redis (pid 7)"}, "-p 80", nil},
		{"dual-stack", []Listener{dual("80")}, map[uint16]string{80: "redis (pid 7)"}, "-p 80", nil},
		{
			"half", []Listener{six("80")}, map[uint16]string{80: "redis (pid 7)"}, "-p 80",
			[]string{"it listens on [::]:80 alone, and is deaf to IPv4, where redis (pid 7) has the port: both halves are guarded"},
		},
		{
			"half, with several processes", []Listener{six("80"), six("80")}, map[uint16]string{80: "redis (pid 7)"}, "-p 80",
			[]string{"it listens on [::]:80 alone, and is deaf to IPv4, where redis (pid 7) has the port: both halves are guarded"},
		},
		{
			"half on one port of two", []Listener{six("80"), six("81"), other("0.0.0.0:81")}, map[uint16]string{80: "another socket"}, "-p 80,81",
			[]string{"it listens on [::]:80 alone, and is deaf to IPv4, where another socket has the port: both halves are guarded"},
		},
		{
			"IPv6 alone", []Listener{six("80")}, nil, "--v6only -p [::]:80",
			[]string{"it listens on [::]:80 alone, not on IPv4; -p 80 guards both"},
		},
		{"one address of IPv6", []Listener{other("[::1]:80")}, map[uint16]string{80: "redis (pid 7)"}, "-p [::1]:80", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, notes := Whole(tt.in, func(port uint16) string { return tt.taken[port] })
			found, err := Endpoints(all)
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
