package guard

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
	"portguard/netdiag/served"
	"portguard/wrapper"
	"portguard/wrapper/decide"
	"portguard/wrapper/ready"
	"portguard/wrapper/supervise"
)

// say keeps back what --quiet does without.
func (r *runs) say(id cli.MessageID, p journal.Priority, text string) {
	if !r.request.Quiet || p <= journal.PriErr {
		r.app.Log.Say(id, p, nil, text)
	}
}

// report tells of a try: whole where who has the ports is news, as in a wait. Else the line about the next try has it.
func (r *runs) report(found *wrapper.Report) error {
	story := report.Story(found)
	if story == "" {
		clear(r.told)
	}
	if r.again = story != "" && !report.News(r.told, story, time.Now()); r.again {
		return nil
	}
	return r.out.Report(found)
}

// Listening implements supervise.Watcher.
func (r *runs) Listening(after time.Duration) {
	r.say(cli.MsgFree, journal.PriInfo, "listening after "+tenths(after))
}

// NotListening implements supervise.Watcher.
func (r *runs) NotListening(found []ready.Finding) {
	var missing []string
	var holders strings.Builder
	for _, f := range found {
		if f.State == served.Whole {
			continue
		}
		name := f.Endpoint.String()
		if f.State == served.Half {
			name = f.Lacks.String()
		}
		missing = append(missing, name)
		if len(f.Holders) > 0 {
			fmt.Fprintf(&holders, "; %s: %s", name, names.WhoHas(f.Holders))
		}
	}
	r.say(cli.MsgTaken, journal.PriErr, fmt.Sprintf("the command does not listen on %s after %s, and is stopped%s",
		strings.Join(missing, ", "), r.request.restart.readyTimeout, holders.String()))
}

// CannotTell implements supervise.Watcher.
func (r *runs) CannotTell(err error) {
	r.say(cli.MsgFailed, journal.PriWarning, fmt.Sprintf("whether the command listens cannot be asked: %v", err))
}

// Followed implements supervise.Watcher.
func (r *runs) Followed(heir owner.Stat) {
	r.say(cli.MsgFree, journal.PriInfo, fmt.Sprintf("the command has ended and left its port to pid %s, which is the command from now on", named(heir)))
}

// LeftBehind implements supervise.Watcher.
func (r *runs) LeftBehind(all []owner.Stat) {
	var who []string
	for _, p := range all[:min(len(all), 3)] {
		who = append(who, named(p))
	}
	if more := len(all) - len(who); more > 0 {
		who = append(who, fmt.Sprintf("%d more", more))
	}
	r.say(cli.MsgFailed, journal.PriWarning, "the command has ended and left pid "+strings.Join(who, ", ")+
		" behind, without its port, which is ended, too: a command that puts itself into the background is not for --restart")
}

func named(p owner.Stat) string { return fmt.Sprintf("%d (%s)", p.PID, page.Safe(p.Command)) }

// Unended implements supervise.Watcher.
func (r *runs) Unended(all []supervise.Unended) {
	for _, p := range all {
		why := "this user may not signal it (CAP_KILL)"
		if !p.Refused {
			why = "SIGKILL does not end it"
			if is := wrapper.Hindrance(owner.Scanner{}.Condition(p.PID)); is != "" {
				why += ": it is " + is
			}
		}
		r.say(cli.MsgFailed, journal.PriWarning, fmt.Sprintf("the command has left pid %s behind, which goes on: %s", named(p.Stat), why))
	}
}

// Escalating implements supervise.Watcher.
func (r *runs) Escalating(again bool) {
	why := "has not ended within " + r.request.restart.stopTimeout.String()
	if again {
		why = "was asked to stop twice"
	}
	r.say(cli.MsgActed, journal.PriWarning, "the command "+why+": SIGKILL")
}

// Ended implements supervise.Watcher.
func (r *runs) Ended(run supervise.Run, next supervise.Decision) {
	defer debug.FreeOSMemory() // what a start took: the next may be far off
	if run.Err == nil {
		r.last = &run
	}
	if run.Obeyed != 0 {
		r.say(cli.MsgFailed, journal.PriInfo, fmt.Sprintf("the command ended %s on %s, which is taken for a request to stop",
			run.Status, pidfd.SignalName(run.Obeyed)))
	}
	if run.Asked || run.Obeyed != 0 || run == (supervise.Run{Ran: run.Ran}) && next == (supervise.Decision{}) {
		return // as it should be
	}
	text := r.whatEnded(run)
	switch {
	case next.Again:
		r.progress.Notify.Down(fmt.Sprintf("restarting in %s: %s", tenths(next.After), text))
		r.say(cli.MsgFailed, journal.PriWarning, fmt.Sprintf("%s; next start in %s", text, tenths(next.After)))
	case next.LimitHit:
		r.progress.Notify.Down(text + ", once too often (--restart-limit)")
		r.say(cli.MsgFailed, journal.PriErr, fmt.Sprintf("%s; it was restarted %s within %s, and is not again (--restart-limit)",
			text, times(r.request.restart.policy.Limit), wrapper.Span(r.request.restart.policy.Window)))
	default:
		r.progress.Notify.Down(text)
		r.say(cli.MsgFailed, journal.PriErr, text)
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// whatEnded is how a run ended, and what may have been in its way.
func (r *runs) whatEnded(run supervise.Run) string {
	ended := fmt.Sprintf("the command ended %s after %s", run.Status, tenths(run.Ran))
	var reported *report.NotFree
	switch {
	case run.Err != nil && !errors.As(run.Err, &reported):
		return "the command was not started: " + run.Err.Error()
	case run.Err != nil && (r.request.Quiet || r.again):
		return "the command was not started: " + report.Shortly(reported.Report)
	case run.Err != nil: // the report has said why
		return "the command was not started"
	case run.Ran < soon && run.Status != (supervise.Status{}) && !run.NotReady:
		return ended + r.inTheWay()
	}
	return ended
}

// soon is how fast a command dies whose bind() fails.
const soon = 10 * time.Second

// inTheWay names who has the endpoints, "" when they are free.
func (r *runs) inTheWay() string {
	g := wrapper.New(decide.Policy{}, nil)
	defer g.Close()
	found := g.Look(r.request.endpoints)
	defer found.Release()
	if err := g.Climb(context.Background(), found); err != nil {
		return ""
	}
	var b strings.Builder
	for _, o := range found.NotFree().Outcomes {
		if o.Trial.Verdict == netdiag.Taken {
			fmt.Fprintf(&b, "; %s: %s", o.Endpoint, report.HolderText(&o))
		}
	}
	return b.String()
}

func tenths(d time.Duration) string {
	if d < time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
