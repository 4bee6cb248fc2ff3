package report

import (
	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/netdiag"
	"portguard/wrapper"
)

// about adds what a report itself tells to the facts of the host.
func (f Facts) about(r *wrapper.Report) Facts {
	f.Around, f.judge = r.Judge.Around, r.Judge
	f.Starts = f.Starts || r.Judge.Starts.Name != ""
	if len(r.Outcomes) > 0 {
		all := make([]netdiag.Endpoint, len(r.Outcomes))
		for i := range r.Outcomes {
			all[i] = r.Outcomes[i].Endpoint
		}
		f.again = again(all)
	}
	return f
}

// longest is how much of a line endpoints may take: that many ports, one here and one there, nobody wants to read at each of
// them.
const longest = 200

// again is the endpoints as the advised line has them, for a shell. Without the options of this run it would find the port
// free at once, and the service would fail.
func again(all []netdiag.Endpoint) string {
	args := flags.OfEndpoints(all)
	last := len(args) - 1
	if len(args[last]) <= longest {
		return cli.CommandLine(args, 0)
	}
	return cli.CommandLine(append(args[:last:last], "ENDPOINTS"), 0)
}
