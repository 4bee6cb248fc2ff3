package report

import (
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// NotFree is a report in which not every endpoint is free. The report says all that there is to say.
type NotFree struct{ Report *wrapper.Report }

func (e *NotFree) Error() string { return "not every endpoint can be bound" }

// ExitStatus is that of the most telling reason.
func (e *NotFree) ExitStatus() int { return reportCode(e.Report) }

// Reported implements what explain asks.
func (*NotFree) Reported() {}

// reportCode is the status for a report in which not every endpoint is free. The most telling reason of any endpoint
// wins: what a capability would mend, then what more time would mend, then a port held, then a kernel that cannot be asked.
func reportCode(r *wrapper.Report) int {
	var noPerm, timedOut, unavailable bool
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		switch o.Trial.Verdict {
		case netdiag.Free:
			continue
		case netdiag.Unknown:
			if o.Trial.Errno != unix.EAFNOSUPPORT {
				continue
			}
		}
		unavailable = true
		timedOut = timedOut || o.TimedOut
		for _, a := range o.Actions {
			noPerm = noPerm || a.Result == decide.NotPermitted
		}
	}
	switch {
	case noPerm:
		return cli.ExitNoPerm
	case timedOut:
		return cli.ExitTempFail
	case unavailable:
		return cli.ExitUnavailable
	}
	return cli.ExitOSErr
}
