package guard

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/internal/environ"
	"portguard/wrapper/hold"
	"portguard/wrapper/supervise"
	"portguard/wrapper/supervise/notify"
)

// becomeVerb is how portguard starts itself in a new process that is to become the service.
const becomeVerb = "become-service"

// NewBecome is the command by which a supervisor starts itself anew, to become the service.
func NewBecome(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:                becomeVerb,
		Hidden:             true,
		DisableFlagParsing: true,
		RunE:               func(_ *cobra.Command, args []string) error { return supervise.Enter(args, a.Inherited) },
	}
}

// supervise starts the command, and starts it again, while the port is held.
func (s *attempt) supervise() error {
	r := &runs{attempt: s, unit: mainProcess(), told: map[string]time.Time{}}
	s.tell = r.report
	manager, err := notify.Listen(s.app.Inherited.Environ)
	if err != nil {
		r.say(cli.MsgFailed, journal.PriWarning, fmt.Sprintf("the command speaks to NOTIFY_SOCKET itself: %v", err))
	}
	defer manager.Close()
	service := s.app.Inherited
	service.Environ = manager.Environ(service.Environ)
	supervisor := supervise.Supervisor{
		Service:      supervise.Service{Path: s.path, Argv: s.request.argv(), Inherited: service},
		Verb:         becomeVerb,
		Policy:       s.request.restart.policy,
		Endpoints:    s.request.endpoints,
		ReadyTimeout: s.request.restart.readyTimeout,
		StopTimeout:  s.request.restart.stopTimeout,
		StopSignal:   s.request.restart.stopSignal,
		Group:        s.request.restart.processGroup,
		Prepare:      r.prepare,
		Watcher:      r,
		Notify:       manager,
	}
	last, err := supervisor.Supervise()
	if err != nil {
		s.progress.Notify.Done() // nothing starts any more
	}
	return r.conclude(last, err)
}

// runs are those of one command under portguard, which gets the port before each, and tells what happens.
type runs struct {
	*attempt
	held hold.Placeholders    // from the first start on; close-on-exec
	last *supervise.Run       // nil: it has not run yet
	unit bool                 // it is a unit's main process, and ends as the command does
	told map[string]time.Time // when each report.Story was told whole
	// again: that of this try was told before
	again bool
}

// prepare clears the way. The placeholders of the first start stay until we end.
func (r *runs) prepare(ctx context.Context) (held []int, err error) {
	report, err := r.clear(func() context.Context { return ctx })
	defer report.Release()
	if err != nil {
		return nil, err
	}
	if r.held == nil && r.request.hold != flags.HoldNone {
		r.held = r.guard.Hold(report)
		if text := noRoom(r.held); text != "" {
			r.say(cli.MsgHeld, journal.PriWarning, text)
		}
		if r.request.Verbose {
			r.sayHeld(report, r.held, func(*hold.Placeholder) string { return "over restarts" })
		}
	}
	return r.held.FDs(), nil
}

// mainProcess reports whether systemd started this very process (248 or later; before, it shows where there is a NOTIFY_SOCKET).
func mainProcess() bool {
	return environ.FromSystemd(os.Environ(), os.Getpid()) || os.Getenv("NOTIFY_SOCKET") != ""
}
