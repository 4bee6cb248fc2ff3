package unit

import (
	"net/netip"
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/flags"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
)

func listening(local string, v6Only sockdiag.Tristate) listener {
	return listener{Socket: sockdiag.Socket{Local: netip.MustParseAddrPort(local), V6Only: v6Only}}
}

func dual(port string) listener { return listening("[::]:"+port, sockdiag.No) }

func six(port string) listener { return listening("[::]:"+port, sockdiag.Yes) }

func other(local string) listener { return listening(local, sockdiag.Unknown) }

func TestEndpointsOfListeners(t *testing.T) {
	shared := func(l listener) listener {
		l.flags.ReusePort = sockdiag.Yes
		return l
	}
	on := func(device uint32, l listener) listener {
		l.Interface = device
		return l
	}
	for _, tt := range []struct {
		name  string
		in    []listener
		want  string
		fails bool
	}{
		{"none", nil, "", false},
		{"dual-stack is a port alone", []listener{dual("80")}, "-p 80", false},
		{"a pair is one, too", []listener{other("0.0.0.0:80"), six("80")}, "-p 80", false},
		{"IPv4 alone", []listener{other("0.0.0.0:80")}, "-p 0.0.0.0:80", false},
		{"IPv6 alone", []listener{six("80")}, "--v6only -p [::]:80", false},
		{"addresses are kept", []listener{other("127.0.0.1:80"), other("[::1]:80")}, "-p [::1]:80,127.0.0.1:80", false},
		{"a mapped address is IPv4", []listener{other("[::ffff:127.0.0.1]:80")}, "-p 127.0.0.1:80", false},
		{"SO_REUSEPORT", []listener{dual("80"), dual("80"), other("127.0.0.1:81"), other("127.0.0.1:81")}, "-p 80,127.0.0.1:81", false},
		{"SO_REUSEPORT of all", []listener{shared(dual("80")), shared(other("127.0.0.1:81"))}, "--reuseport -p 80,127.0.0.1:81", false},
		{"SO_REUSEPORT of one is no option of both", []listener{shared(dual("80")), other("127.0.0.1:81")}, "-p 80,127.0.0.1:81", false},
		{"IP_FREEBIND of one", []listener{{Socket: other("192.0.2.1:80").Socket, freeBind: true}, other("127.0.0.1:80")}, "--freebind -p 127.0.0.1:80,192.0.2.1:80", false},
		{"on an interface", []listener{on(1, dual("80")), on(1, other("0.0.0.0:81")), on(1, other("127.0.0.1:82"))},
			"-p *%lo:80,0.0.0.0%lo:81,127.0.0.1%lo:82", false},
		{"a link-local address", []listener{on(1, other("[fe80::1]:80"))}, "-p [fe80::1%lo]:80", false},
		{"a pair on two interfaces is none", []listener{on(1, other("0.0.0.0:80")), six("80")}, "--v6only -p [::]:80,0.0.0.0%lo:80", false},
		{"on an interface that is gone", []listener{on(999999, dual("80"))}, "-p 80", false},
		{"in order", []listener{dual("9090"), dual("80"), dual("443")}, "-p 80,443,9090", false},
		{"one behind the other", []listener{dual("8082"), dual("8080"), dual("8081")}, "-p 8080-8082", false},
		{"what no flag can say", []listener{dual("80"), six("81")}, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, err := endpointsOf(tt.in)
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

func TestPortsOfSocketUnits(t *testing.T) {
	for _, tt := range []struct {
		in   systemd.Listen
		want netdiag.Port
		ok   bool
	}{
		{systemd.Listen{Type: "Stream", Address: "[::]:22"}, netdiag.Port{Protocol: netdiag.TCP, Number: 22}, true},
		{systemd.Listen{Type: "Stream", Address: "127.0.0.1:80"}, netdiag.Port{Protocol: netdiag.TCP, Number: 80}, true},
		{systemd.Listen{Type: "Datagram", Address: "0.0.0.0:53"}, netdiag.Port{Protocol: netdiag.UDP, Number: 53}, true},
		{systemd.Listen{Type: "Stream", Address: "/run/docker.sock"}, netdiag.Port{}, false},
		{systemd.Listen{Type: "Stream", Address: "@abstract:name"}, netdiag.Port{}, false},
		{systemd.Listen{Type: "FIFO", Address: "/run/x:80"}, netdiag.Port{}, false},
		{systemd.Listen{Type: "Netlink", Address: "route 1361"}, netdiag.Port{}, false},
	} {
		t.Run(tt.in.Type+" "+tt.in.Address, func(t *testing.T) {
			if got, ok := inetKey(tt.in); ok != tt.ok || ok && got != tt.want {
				t.Errorf("got %v, %v, want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}
