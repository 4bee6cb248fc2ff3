package report

import (
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/report/advise"
	"portguard/cmd/portguard/internal/report/why"
	"portguard/netdiag/nat"
	"portguard/netdiag/portrange"
	"portguard/wrapper"
)

// Facts are what a report tells of or goes by beside what was found on its endpoints.
type Facts struct {
	why.Facts
	Reserved portrange.Set
	// Unreservable is why this user may not change ip_local_reserved_ports; nil when he may.
	Unreservable error
	// Firewall reads the rules that may send clients elsewhere; nil: nobody asks.
	Firewall func() *nat.Rules
	given    flags.Given // what advice repeats of this run's line
	netns    flags.Netns // that was asked about; the zero value: the one that we are in
}

// ReadFacts leaves out what cannot be read: the report says less then, and says it.
func ReadFacts() Facts {
	var f Facts
	f.Ephemeral, _ = portrange.Ephemeral()
	f.Reserved, _ = portrange.Reserved()
	f.Unreservable = portrange.KernelReserved.Writable()
	return f
}

// about adds what a report itself tells to the facts of the host.
func (f Facts) about(r *wrapper.Report) Facts {
	f.Facts = f.Of(r)
	return f
}

// advice is what would help.
func (f Facts) advice(r *wrapper.Report) []advise.Line {
	return advise.Lines(r, advise.Facts{Ephemeral: f.Ephemeral, Reserved: f.Reserved, Unreservable: f.Unreservable, Given: f.given, Netns: f.netns})
}

// firewall is nil where the rules are not known.
func (f Facts) firewall() *nat.Rules {
	if f.Firewall == nil {
		return nil
	}
	return f.Firewall()
}
