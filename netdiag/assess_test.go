package netdiag_test

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// What is not known of a holder matters only where the answer hangs on it.
func TestAssessWithUnknownFlags(t *testing.T) {
	const (
		unknown = sockdiag.Unknown
		no      = sockdiag.No
		yes     = sockdiag.Yes
	)
	established := tcpSocket("10.99.0.1", sockdiag.Established)
	overIPv6 := tcpSocket("fd99::1", sockdiag.Established)
	listener := tcpSocket("0.0.0.0", sockdiag.Listen)
	request := tcpSocket("10.99.0.1", sockdiag.SynRecv)
	request.Inode = 0
	remains := tcpSocket("10.99.0.1", sockdiag.TimeWait)
	remains.Inode, remains.UID, remains.Timer = 0, 0, 3
	stranger := established
	stranger.UID = uid + 1
	onDevice := established
	onDevice.Interface = 2

	for _, tt := range []struct {
		name    string
		service string
		holder  sockdiag.Socket
		flags   netdiag.Flags
		want    sockdiag.Tristate
	}{
		{"another address", "10.99.0.2", established, netdiag.Flags{}, no},
		{"a service without options", "* noreuseaddr", established, netdiag.Flags{}, yes},
		{"a service with SO_REUSEADDR", "*", established, netdiag.Flags{}, unknown},
		{"the holder has it, too", "*", established, netdiag.Flags{ReuseAddr: yes}, no},
		{"the holder has not", "*", established, netdiag.Flags{ReuseAddr: no}, yes},
		{"a listener, whatever it has", "*", listener, netdiag.Flags{}, yes},
		{"a listener and SO_REUSEPORT", "* reuseport", listener, netdiag.Flags{}, unknown},
		{"neither SO_REUSEADDR nor SO_REUSEPORT", "* reuseport", established, netdiag.Flags{ReuseAddr: no, ReusePort: no}, yes},
		{"only SO_REUSEADDR known", "* reuseport", established, netdiag.Flags{ReuseAddr: no}, unknown},
		{"SO_REUSEPORT of another user", "* noreuseaddr reuseport", stranger, netdiag.Flags{}, yes},
		{"SO_REUSEPORT of remains, which have no user", "* noreuseaddr reuseport", remains, netdiag.Flags{ReusePort: yes}, no},
		{"an IPv6 client and an IPv4 service", "0.0.0.0 noreuseaddr", overIPv6, netdiag.Flags{}, unknown},
		{"it bound its address before", "0.0.0.0 noreuseaddr", overIPv6, netdiag.Flags{V6Only: yes}, no},
		{"it did not", "0.0.0.0 noreuseaddr", overIPv6, netdiag.Flags{V6Only: no}, yes},
		{"two flags unknown, one that decides", "0.0.0.0", overIPv6, netdiag.Flags{V6Only: yes}, no},
		{"bound to a device", "* noreuseaddr", onDevice, netdiag.Flags{}, yes},
		{"in another VRF, or in none", "* noreuseaddr", onDevice, netdiag.Flags{VRF: 9}, unknown},
		{"in another VRF", "* noreuseaddr", onDevice, netdiag.Flags{VRF: 9, Kept: yes}, no},
		{"on a device of a VRF, and with a port of the host's", "* noreuseaddr", onDevice, netdiag.Flags{VRF: 9, Kept: no}, yes},
		{"another address, whichever VRF", "10.99.0.2", onDevice, netdiag.Flags{VRF: 9}, no},
		{"a request for a connection", "* noreuseaddr", request, netdiag.Flags{}, no},
	} {
		claim := service(tt.service, 80).Claims(uid)[0]
		if got := netdiag.Assess(claim, tt.holder, tt.flags); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

const uid = 1000

func tcpSocket(addr string, state sockdiag.State) sockdiag.Socket {
	return sockdiag.Socket{
		Protocol: unix.IPPROTO_TCP,
		State:    state,
		Local:    netip.AddrPortFrom(netip.MustParseAddr(addr), 80),
		Inode:    7,
		UID:      uid,
	}
}
