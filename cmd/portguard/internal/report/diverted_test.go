package report

import (
	"net/netip"
	"testing"

	"portguard/netdiag/nat"
)

func TestTargetText(t *testing.T) {
	place := func(host string, port uint16) netip.AddrPort {
		if host == "" {
			return netip.AddrPortFrom(netip.Addr{}, port)
		}
		return netip.AddrPortFrom(netip.MustParseAddr(host), port)
	}
	for _, tt := range []struct {
		to, last netip.AddrPort
		want     string
	}{
		{place("", 0), place("", 0), "somewhere else"},
		{place("", 80), place("", 80), "port 80"},
		{place("", 80), place("", 89), "one of ports 80-89"},
		{place("10.0.0.5", 0), place("10.0.0.5", 0), "10.0.0.5"},
		{place("10.0.0.5", 0), place("10.0.0.9", 0), "10.0.0.5-10.0.0.9"},
		{place("10.0.0.5", 80), place("10.0.0.5", 80), "10.0.0.5:80"},
		{place("10.0.0.5", 80), place("10.0.0.9", 80), "10.0.0.5-10.0.0.9:80"},
		{place("10.0.0.5", 80), place("10.0.0.5", 89), "10.0.0.5:80-89"},
		{place("fd00::5", 80), place("fd00::5", 80), "[fd00::5]:80"},
		{place("fd00::5", 80), place("fd00::9", 89), "[fd00::5-fd00::9]:80-89"},
	} {
		if got := targetText(nat.Diversion{To: tt.to, Last: tt.last}); got != tt.want {
			t.Errorf("%s to %s: %q, want %q", tt.to, tt.last, got, tt.want)
		}
	}
}
