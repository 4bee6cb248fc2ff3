package netdiag

import "fmt"

// Port is a port of one protocol, on whatever address.
type Port struct {
	Protocol Protocol
	Number   uint16 // host byte order
}

// String is the short name used in messages: "30010/tcp".
func (p Port) String() string { return fmt.Sprintf("%d/%s", p.Number, p.Protocol) }
