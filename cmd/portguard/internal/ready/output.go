package ready

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/netdiag"
	"portguard/netdiag/nat"
	"portguard/netdiag/served"
	"portguard/wrapper"
	"portguard/wrapper/ready"
)

// output says what came of a question.
type output struct {
	app *cli.App
	flags.Output
	service  service
	waits    bool
	result   ready.Result
	absent   bool // there is no unit of that name
	degraded error
	firewall *nat.Rules // nil: not known
}

func (out output) say() error {
	if !out.JSON && (out.Quiet || out.result.Ready() && !out.Verbose) {
		return nil
	}
	out.firewall, _ = report.ReadFirewall() // of rules that may not be read, nothing is told
	switch {
	case out.JSON:
		return out.writeJSON()
	case out.app.Log.Journal != nil && cli.IsJournal(out.app.Stdout):
		out.toJournal()
		return nil
	}
	out.write()
	return nil
}

// write is for people: of what is well one line, of the rest who is in the way, as in every report.
func (out output) write() {
	w := out.app.Stdout
	paint := page.Colour(w, out.NoColor)
	t := report.Text{W: w, Width: page.Width(w), Facts: report.ReadFacts(), Now: time.Now(), Paint: paint}
	for i, f := range out.told() {
		if i > 0 && len(f.Holders) > 0 {
			fmt.Fprintln(w)
		}
		page.Page{Writer: w, Width: t.Width}.Line(0, out.line(f, paint))
		if f.Unexplained != nil {
			fmt.Fprintln(w)
			t.Say("holder", "not known: "+page.Safe(f.Unexplained.Error()))
		}
		if f.State != served.Whole {
			t.Holders(f.Holders)
		}
		for _, d := range report.Diverted(out.firewall, f.Endpoint) {
			fmt.Fprintln(w)
			t.Say("nat", report.DiversionText(d))
		}
		if advice := oneFamily(f); advice != "" {
			fmt.Fprintln(w)
			t.Say("note", advice)
		}
	}
	if out.degraded != nil {
		fmt.Fprintln(w)
		t.Say("note", page.Safe(report.DegradedText(out.degraded)))
	}
}

// told are the endpoints that there is something to say of.
func (out output) told() []ready.Finding {
	var some []ready.Finding
	for _, f := range out.result.Findings {
		if f.State != served.Whole || out.Verbose {
			some = append(some, f)
		}
	}
	return some
}

// toJournal says one line an endpoint: a journal's readers filter, they do not scroll.
func (out output) toJournal() {
	for _, f := range out.told() {
		text, priority := out.line(f, page.Paint{}), journal.PriErr
		about := f.Holders
		switch {
		case f.State == served.Whole:
			priority, about = journal.PriInfo, f.Listeners
		case len(f.Holders) > 0:
			text += ": " + names.WhoHas(f.Holders)
		}
		for _, d := range report.Diverted(out.firewall, f.Endpoint) {
			text += "; " + report.DiversionText(d)
		}
		fields := report.About(&wrapper.Outcome{Finding: netdiag.Finding{Endpoint: f.Endpoint, Holders: about}})
		fields["PORTGUARD_VERDICT"] = f.State.String()
		out.app.Log.Say(cli.MsgListening, priority, fields, text)
	}
	if out.degraded != nil {
		out.app.Log.Say(cli.MsgFailed, journal.PriWarning, nil, report.DegradedText(out.degraded))
	}
}

// line is what there is to say of one endpoint in one.
func (out output) line(f ready.Finding, paint page.Paint) string {
	who, after := out.service.String(), out.after()
	switch f.State {
	case served.Whole:
		return fmt.Sprintf("%s is %s by %s, at %s%s", f.Endpoint, paint.Good("listened on"), programs(f.Listeners), ends(f.Listeners), after)
	case served.Half:
		if who == "" {
			who = programs(f.Listeners)
		}
		return fmt.Sprintf("%s is up by %s%s: %s listens at %s and is deaf on %s, where somebody else has the port",
			f.Endpoint, paint.Bad("half"), after, who, ends(f.Listeners), family(f.Lacks))
	case served.Other:
		switch {
		case out.absent:
			return fmt.Sprintf("%s is %s, and there is no %s%s", f.Endpoint, paint.Bad("somebody else's"), who, after)
		case out.result.Ended:
			return fmt.Sprintf("%s is %s, and %s has ended", f.Endpoint, paint.Bad("somebody else's"), who)
		}
		return fmt.Sprintf("%s is %s: %s does not listen there%s", f.Endpoint, paint.Bad("somebody else's"), who, after)
	}
	switch {
	case out.absent:
		return fmt.Sprintf("%s is %s on%s: there is no %s", f.Endpoint, paint.Bad("not listened"), after, who)
	case who == "":
		return fmt.Sprintf("%s is %s on by anybody%s", f.Endpoint, paint.Bad("not listened"), after)
	case out.result.Ended:
		after = ", which has ended"
	}
	return fmt.Sprintf("%s is %s on by %s%s", f.Endpoint, paint.Bad("not listened"), who, after)
}

// after says how long it was waited for.
func (out output) after() string {
	d := out.result.Waited
	switch {
	case !out.waits:
		return ""
	case d < time.Second:
		return ", after " + d.Round(time.Millisecond).String()
	}
	return ", after " + d.Round(100*time.Millisecond).String()
}

// family is what people call the half that is lacking.
func family(lacks netdiag.Endpoint) string {
	if lacks.Addr.Is6() {
		return "IPv6"
	}
	return "IPv4"
}

// oneFamily is how to say that a service is meant to listen in one family alone.
func oneFamily(f ready.Finding) string {
	if f.State != served.Half {
		return ""
	}
	only := f.Endpoint
	if f.Lacks.Addr.Is6() {
		only.Addr = netip.IPv4Unspecified()
		return fmt.Sprintf("of a service that is meant to listen on IPv4 alone, say -p %s", only.Argument())
	}
	return fmt.Sprintf("of a service that is meant to listen on IPv6 alone, say --v6only -p %s", only.Argument())
}

// programs are those that have sockets, each once.
func programs(holders []netdiag.Holder) string {
	var all []string
	said := map[int]bool{}
	for _, h := range holders {
		if len(h.Owners) == 0 {
			continue
		}
		if p := h.Owners[0]; !said[p.PID] {
			said[p.PID] = true
			all = append(all, names.Process(h, p))
		}
	}
	switch {
	case len(all) > 0:
		return strings.Join(all, ", ")
	case len(holders) > 0:
		return names.Nobody(holders[0]) + names.WhereOf(holders[0].Cgroup)
	}
	return "a process that does not show"
}

// ends are the addresses at which sockets listen.
func ends(holders []netdiag.Holder) string {
	var all []string
	for _, h := range holders {
		all = append(all, h.Local())
	}
	return strings.Join(all, ", ")
}
