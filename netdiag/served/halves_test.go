package served

import (
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

func TestServes(t *testing.T) {
	listener := func(at string, v6only sockdiag.Tristate) sockdiag.Socket {
		a := netip.MustParseAddrPort(at)
		s := sockdiag.Socket{Protocol: unix.IPPROTO_TCP, Family: unix.AF_INET6, Local: a, V6Only: v6only}
		if a.Addr().Is4() {
			s.Family = unix.AF_INET
		}
		return s
	}
	any4, dual, v6 := listener("0.0.0.0:80", sockdiag.Unknown), listener("[::]:80", sockdiag.No), listener("[::]:80", sockdiag.Yes)
	lo4, lo6 := listener("127.0.0.1:80", sockdiag.Unknown), listener("[::1]:80", sockdiag.Yes)
	mapped := listener("[::ffff:127.0.0.1]:80", sockdiag.No)
	onLoopback := lo4
	onLoopback.Interface = 1
	for _, tt := range []struct {
		name     string
		addr     string // with a device
		socket   sockdiag.Socket
		protocol netdiag.Protocol
		port     uint16
		want     bool
	}{
		{"no address, [::]", "", dual, netdiag.TCP, 80, true},
		{"no address, one address", "", lo4, netdiag.TCP, 80, true},
		{"another port", "", dual, netdiag.TCP, 81, false},
		{"another protocol", "", dual, netdiag.UDP, 80, false},
		{"the address itself", "127.0.0.1", lo4, netdiag.TCP, 80, true},
		{"the address, v4-mapped", "127.0.0.1", mapped, netdiag.TCP, 80, true},
		{"another address", "127.0.0.2", lo4, netdiag.TCP, 80, false},
		{"an IPv4 address, by 0.0.0.0", "127.0.0.1", any4, netdiag.TCP, 80, true},
		{"an IPv4 address, by [::] dual-stack", "127.0.0.1", dual, netdiag.TCP, 80, true},
		{"an IPv4 address, not by [::] v6only", "127.0.0.1", v6, netdiag.TCP, 80, false},
		{"an IPv6 address, by [::]", "::1", v6, netdiag.TCP, 80, true},
		{"an IPv6 address, not by 0.0.0.0", "::1", any4, netdiag.TCP, 80, false},
		{"0.0.0.0, not by one address", "0.0.0.0", lo4, netdiag.TCP, 80, false},
		{"on an interface", "127.0.0.1%lo", onLoopback, netdiag.TCP, 80, true},
		{"every address of an interface", "%lo", onLoopback, netdiag.TCP, 80, true},
		{"not by another interface's", "127.0.0.1%eth9", onLoopback, netdiag.TCP, 80, false},
		{"not by every interface's", "127.0.0.1%lo", lo4, netdiag.TCP, 80, false},
		{"[::], not by one address", "::", lo6, netdiag.TCP, 80, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := netdiag.Endpoint{Protocol: tt.protocol, Port: tt.port}
			addr, device, _ := strings.Cut(tt.addr, "%")
			if e.Device = device; addr != "" {
				e.Addr = netip.MustParseAddr(addr)
			}
			if got := serves(tt.socket, e); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
