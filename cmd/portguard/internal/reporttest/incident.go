// Package reporttest has what tests of reports are about: the incident that portguard was written for, and names that would forge a
// report or move a cursor.
package reporttest

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper"
)

// Now is when the incident is looked at.
var Now = time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC)

// Incident is what portguard was written for: the pool of another Java program was handed the service's port.
func Incident() wrapper.Outcome {
	s := sockdiag.Socket{
		Protocol: unix.IPPROTO_TCP, Family: unix.AF_INET, State: sockdiag.Established, Inode: 248498713, Cookie: 0x1a2b,
		Local: netip.MustParseAddrPort("10.11.0.5:30010"), Remote: netip.MustParseAddrPort("10.11.0.9:7000"),
	}
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
