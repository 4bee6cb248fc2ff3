package flags

import (
	"strconv"

	"portguard/netdiag"
)

// OfEndpoints is the way back: the arguments of which Endpoint makes these endpoints again. All of them have the same options,
// as those of one command line do.
func OfEndpoints(all []netdiag.Endpoint) []string {
	var args []string
	switch all[0].ReuseAddr {
	case netdiag.ReuseYes:
		args = append(args, "--reuseaddr", "yes")
	case netdiag.ReuseNo:
		args = append(args, "--no-reuseaddr")
	}
	if all[0].ReusePort {
		args = append(args, "--reuseport")
		if all[0].Owner.Other {
			args = append(args, AsUserFlag, strconv.FormatUint(uint64(all[0].Owner.UID), 10))
		}
	}
	if all[0].V6Only {
		args = append(args, "--v6only")
	}
	if all[0].FreeBind {
		args = append(args, "--freebind")
	}
	return append(args, "-p", netdiag.Arguments(all))
}
