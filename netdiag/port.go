package netdiag

import (
	"fmt"
	"iter"

	"portguard/netdiag/sockdiag"
)

// Port is a port of one protocol, on whatever address.
type Port struct {
	Protocol Protocol
	Number   uint16 // host byte order
}

// String is the short name used in messages: "30010/tcp".
func (p Port) String() string { return fmt.Sprintf("%d/%s", p.Number, p.Protocol) }

// PortRanges are the ports of endpoints, as sock_diag is asked for them.
func PortRanges(endpoints iter.Seq[Endpoint]) (ranges []sockdiag.PortRange) {
	for e := range endpoints {
		ranges = append(ranges, sockdiag.PortRange{First: e.Port, Last: e.Port})
	}
	return ranges
}
