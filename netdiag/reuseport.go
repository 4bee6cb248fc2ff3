package netdiag

import "portguard/netdiag/sockdiag"

// sharesFirst tells whether bind() of a UDP service with SO_REUSEPORT succeeds whatever the rule says of single sockets.
// The kernel goes through the port's sockets, the latest first, and the first that the rule is about decides alone:
// where it shares the port by SO_REUSEPORT, bind() succeeds, whoever comes after it (udp_lib_lport_inuse in
// net/ipv4/udp.c). A dump keeps the order within a family, and not between the two: Unknown when it hangs on that.
//
// Beyond ten UDP sockets in a slot of the kernel's table the order is another one.
func sharesFirst(service Claim, sockets []sockdiag.Socket, flags func(sockdiag.Socket) Flags) sockdiag.Tristate {
	service.ReusePort = false // then the rule tells which sockets it is about
	answer, asked := sockdiag.No, false
	decided := map[uint8]bool{}
	for _, s := range sockets {
		if decided[s.Family] {
			continue
		}
		f := flags(s)
		about := Assess(service, s, f)
		if about == sockdiag.No {
			continue
		}
		decided[s.Family] = true
		shares := sockdiag.Unknown
		if about == sockdiag.Yes && f.ReusePort != sockdiag.Unknown {
			shares = tristate(f.ReusePort == sockdiag.Yes && s.UID == service.UID)
		}
		if asked && shares != answer {
			return sockdiag.Unknown
		}
		answer, asked = shares, true
	}
	return answer
}
