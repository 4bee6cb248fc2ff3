package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/wrapper"
	"portguard/wrapper/supervise"
)

// becomeVerb is how portguard starts itself in a new process that is to become the service.
const becomeVerb = "become-service"

func newBecome(a *app) *cobra.Command {
	return &cobra.Command{
		Use:                becomeVerb,
		Hidden:             true,
		DisableFlagParsing: true,
		RunE:               func(_ *cobra.Command, args []string) error { return supervise.Enter(args, a.inherited) },
	}
}

// endedError is the end of a supervised command, with the exit status that it leaves to us, or the signal that we die of, too.
type endedError struct {
	code   int
	signal unix.Signal // 0: none
}

func (e *endedError) Error() string { return fmt.Sprintf("the command ended with status %d", e.code) }

// ExitStatus is the command's.
func (e *endedError) ExitStatus() int { return e.code }

// Reported says that the command has had its own say.
func (*endedError) Reported() {}

// Unwrap tells main which signal it is.
func (e *endedError) Unwrap() error {
	if e.signal == 0 {
		return nil
	}
	return &interruptedError{signal: e.signal}
}

// superviseCommand starts the command, and starts it again, while the port is held.
func superviseCommand(a *app, req request, o options, path string) error {
	s := &supervision{
		app: a, request: req, options: o, unit: mainProcess(),
		output: newOutput(a, o, true),
		progress: &progress{
			log: a.log, notify: newNotify(a.inherited.Environ), terminal: isTerminal(a.stderr), silent: o.quiet,
		},
	}
	s.guard = wrapper.New(req.policy, s.progress)
	defer s.guard.Close()
	manager, err := supervise.ListenNotify(a.inherited.Environ)
	if err != nil {
		s.say(msgFailed, journal.PriWarning, fmt.Sprintf("the command speaks to NOTIFY_SOCKET itself: %v", err))
	}
	defer manager.Close()
	service := a.inherited
	service.Environ = manager.Environ(service.Environ)
	argv := req.command
	if o.argv0 {
		argv = argv[1:]
	}
	supervisor := supervise.Supervisor{
		Service:      supervise.Service{Path: path, Argv: argv, Inherited: service},
		Verb:         becomeVerb,
		Policy:       req.restart,
		Endpoints:    req.endpoints,
		ReadyTimeout: o.readyTimeout,
		StopTimeout:  o.stopTimeout,
		Group:        o.processGroup,
		Prepare:      s.prepare,
		Watcher:      s,
		Notify:       manager,
	}
	last, err := supervisor.Supervise()
	if err != nil {
		s.progress.notify.done() // nothing starts any more
	}
	return s.conclude(last, err)
}

// supervision is one command under portguard: it gets the port before each start, and tells what happens.
type supervision struct {
	*app
	request  request
	options  options
	output   output
	progress *progress
	guard    *wrapper.Guard
	held     []wrapper.Placeholder // from the first start on; close-on-exec
	last     *supervise.Run        // nil: it has not run yet
	unit     bool                  // it is a unit's main process, and ends as the command does
}

// prepare climbs the ladder. The placeholders of the first start stay until we end.
func (s *supervision) prepare(ctx context.Context) error {
	report, err := s.guard.Run(ctx, s.request.endpoints)
	defer report.Release()
	s.progress.finish()
	if err != nil {
		return err
	}
	if s.options.reserve && report.AllFree() && s.held == nil {
		s.output.reserved(reserveOwn(s.app, report, s.output))
	}
	if err := s.output.report(report); err != nil {
		return err
	}
	if !report.AllFree() {
		return &notFreeError{report}
	}
	if s.held == nil && s.request.hold != holdNone {
		s.held = wrapper.Hold(report)
		s.sayHeld(report)
	}
	return nil
}

func (s *supervision) sayHeld(r *wrapper.Report) {
	if text := noRoom(s.held); text != "" {
		s.say(msgHeld, journal.PriWarning, text)
	}
	for i, p := range s.held {
		switch {
		case !s.options.verbose:
		case p.Why != "":
			s.log.say(msgHeld, journal.PriInfo, about(&r.Outcomes[i]), fmt.Sprintf("%s: not held: %s", p.Endpoint, p.Why))
		default:
			s.log.say(msgHeld, journal.PriInfo, about(&r.Outcomes[i]), fmt.Sprintf("%s: held over restarts, bound to %s", p.Endpoint, p.Where))
		}
	}
}

func (s *supervision) say(id messageID, p journal.Priority, text string) {
	if !s.options.quiet || p <= journal.PriErr {
		s.log.say(id, p, nil, text)
	}
}

// Listening implements supervise.Watcher.
func (s *supervision) Listening(after time.Duration) {
	s.say(msgFree, journal.PriInfo, "listening after "+tenths(after))
}

// NotListening implements supervise.Watcher.
func (s *supervision) NotListening(missing []netdiag.Endpoint) {
	var names []string
	for _, e := range missing {
		names = append(names, e.String())
	}
	s.say(msgTaken, journal.PriErr, fmt.Sprintf("the command does not listen on %s after %s, and is stopped%s",
		strings.Join(names, ", "), s.options.readyTimeout, s.inTheWay()))
}

// CannotTell implements supervise.Watcher.
func (s *supervision) CannotTell(err error) {
	s.say(msgFailed, journal.PriWarning, fmt.Sprintf("whether the command listens cannot be asked: %v", err))
}

// Escalating implements supervise.Watcher.
func (s *supervision) Escalating(again bool) {
	why := "has not ended within " + s.options.stopTimeout.String()
	if again {
		why = "was asked to stop twice"
	}
	s.say(msgActed, journal.PriWarning, "the command "+why+": SIGKILL")
}

// Ended implements supervise.Watcher.
func (s *supervision) Ended(r supervise.Run, next supervise.Decision) {
	defer debug.FreeOSMemory() // what a start took: the next may be far off
	if r.Err == nil {
		s.last = &r
	}
	if r.Asked || r == (supervise.Run{Ran: r.Ran}) && next == (supervise.Decision{}) {
		return // as it should be
	}
	text := fmt.Sprintf("the command ended %s after %s", r.Status, tenths(r.Ran))
	switch {
	case r.Err != nil:
		text = "the command was not started"
		var reported *notFreeError
		switch {
		case !errors.As(r.Err, &reported):
			text += ": " + r.Err.Error()
		case s.options.quiet:
			text += ": " + shortly(reported.report)
		}
	case r.Ran < soon && r.Status != (supervise.Status{}) && !r.NotReady:
		text += s.inTheWay()
	}
	switch {
	case next.Again:
		s.progress.notify.down(fmt.Sprintf("restarting in %s: %s", tenths(next.After), text))
		s.say(msgFailed, journal.PriWarning, fmt.Sprintf("%s; next start in %s", text, tenths(next.After)))
	case next.LimitHit:
		s.progress.notify.down(text + ", once too often (--restart-limit)")
		s.say(msgFailed, journal.PriErr, fmt.Sprintf("%s; it was restarted %d times within %s, and is not again (--restart-limit)",
			text, s.request.restart.Limit, s.request.restart.Window))
	default:
		s.progress.notify.down(text)
		s.say(msgFailed, journal.PriErr, text)
	}
}

// soon is how fast a command dies whose bind() fails.
const soon = 10 * time.Second

// inTheWay names who has the endpoints, "" when they are free.
func (s *supervision) inTheWay() string {
	g := wrapper.New(wrapper.Policy{}, nil)
	defer g.Close()
	report, err := g.Run(context.Background(), s.request.endpoints)
	defer report.Release()
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, o := range report.NotFree().Outcomes {
		if o.Trial.Verdict == netdiag.Taken {
			fmt.Fprintf(&b, "; %s: %s", o.Endpoint, holderText(&o))
		}
	}
	return b.String()
}

// conclude makes an exit status of the last run: the command's, once it has run at all.
func (s *supervision) conclude(last supervise.Run, err error) error {
	var interrupted *supervise.Interrupted
	switch {
	case s.last == nil && errors.As(err, &interrupted):
		if os.Getpid() == 1 { // which no signal of its own ends
			return &endedError{code: 128 + int(interrupted.Signal)}
		}
		return &interruptedError{interrupted.Signal, true}
	case s.unit && errors.As(err, &interrupted):
		return dying(supervise.Status{Signal: interrupted.Signal})
	case err == nil && last.Err != nil:
		return last.Err
	case s.last.NotReady && s.last.Status == (supervise.Status{}):
		return &endedError{code: exitTempFail} // it ended well, but never did what it was started for
	case s.last.Status == (supervise.Status{}):
		return nil
	case s.unit:
		return dying(s.last.Status)
	}
	return &endedError{code: s.last.Status.Exit()}
}

// dying is the end of a unit: systemd takes one by SIGTERM for good, and status 143 for a failure.
func dying(as supervise.Status) error {
	// A core has been dumped, if at all, by the command itself.
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) // cannot fail
	return &endedError{as.Exit(), as.Signal}
}

// mainProcess reports whether systemd started this very process (248 or later; before, it shows where there is a NOTIFY_SOCKET).
func mainProcess() bool {
	return os.Getenv("SYSTEMD_EXEC_PID") == strconv.Itoa(os.Getpid()) || os.Getenv("NOTIFY_SOCKET") != ""
}

func tenths(d time.Duration) string {
	if d < time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
