// Package reporttest has what tests of reports are about: the incident that portguard was written for, and names that would forge a
// report or move a cursor.
package reporttest

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/portrange"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// Now is when the incident is looked at.
var Now = time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC)

// Incident is what portguard was written for: the pool of another Java program was handed the service's port.
func Incident() wrapper.Outcome {
	s := Connection(sockdiag.Established)
	s.Inode, s.Cookie = 248498713, 0x1a2b
	o := wrapper.Outcome{Finding: netdiag.Finding{
		Endpoint: netdiag.Endpoint{Protocol: netdiag.TCP, Port: 30010},
		Trial:    netdiag.Trial{Verdict: netdiag.Taken, Errno: unix.EADDRINUSE, FD: -1},
		Holders: []netdiag.Holder{{
			Socket: s, Kind: netdiag.Client, Certain: true, Cgroup: "/system.slice/order.service",
			Owners: []owner.Process{{
				PID: 1988719, FD: 272, Command: "java", Args: []string{"java", "-jar", "order.jar"}, Exe: "/usr/bin/java",
				User: "root", Started: Now.Add(-76*time.Hour - 10*time.Minute), Cgroup: "/system.slice/order.service",
			}},
		}},
	}}
	return o
}

// Connection is the incident's, by another program and in some state.
func Connection(state sockdiag.State) sockdiag.Socket {
	return sockdiag.Socket{
		Protocol: unix.IPPROTO_TCP, Family: unix.AF_INET, State: state,
		Local: netip.MustParseAddrPort("10.11.0.5:30010"), Remote: netip.MustParseAddrPort("10.11.0.9:7000"),
	}
}

// Unconnected is a socket without a peer on the same port.
func Unconnected(protocol uint8, state sockdiag.State) sockdiag.Socket {
	s := Connection(state)
	s.Protocol, s.Remote = protocol, netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	return s
}

// Ephemeral and Reserved are the ports that the incident's host hands out, and does not.
var (
	Ephemeral = portrange.Range{Low: 1024, High: 65000}
	Reserved  = portrange.Set{{Low: 8080, High: 8080}}
)

// Willing knows of nothing that speaks against a rung.
var Willing = decide.Judge{Services: map[string]decide.Service{"order.service": {Service: systemd.Service{
	LoadState: "loaded", ActiveState: "active", ControlGroup: "/system.slice/order.service", KillMode: "control-group",
}}}}
