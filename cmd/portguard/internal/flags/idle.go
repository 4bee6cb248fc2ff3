package flags

import (
	"slices"

	"portguard/netdiag"
)

// Idle says of each flag that changes nothing for any of the endpoints why that is so. A start goes on with it: nothing else is asked
// for than what happens.
func (o *Endpoint) Idle(all []netdiag.Endpoint) []string {
	var said []string
	if o.v6Only && !slices.ContainsFunc(all, func(e netdiag.Endpoint) bool { return !e.Addr.Unmap().Is4() }) {
		said = append(said, "--v6only changes nothing: "+netdiag.Arguments(all)+" is IPv4 alone")
	}
	if o.freeBind && !slices.ContainsFunc(all, func(e netdiag.Endpoint) bool { return !e.EveryAddress() && !e.Addr.Unmap().IsUnspecified() }) {
		said = append(said, "--freebind changes nothing: "+netdiag.Arguments(all)+" is bound whatever addresses this host has")
	}
	return said
}
