package ready

import (
	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/served"
	"portguard/wrapper/ready"
)

// notReadyError is a service that does not listen as it should.
type notReadyError struct {
	result ready.Result
	waited bool
}

func (e *notReadyError) Error() string { return "the service is not ready" }

// Reported says that the report has said it all.
func (*notReadyError) Reported() {}

// ExitStatus tells what more time may mend from what it does not.
func (e *notReadyError) ExitStatus() int {
	for _, f := range e.result.Findings {
		if f.State == served.Half || f.State == served.Other {
			return cli.ExitUnavailable
		}
	}
	if e.result.TimedOut && e.waited {
		return cli.ExitTempFail
	}
	return cli.ExitUnavailable
}
