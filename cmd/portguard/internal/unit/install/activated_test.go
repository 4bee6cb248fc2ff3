package install

import (
	"testing"

	"portguard/netdiag"
	"portguard/systemd"
)

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
