package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/cmd/portguard/internal/report/why"
	"portguard/netdiag"
	"portguard/systemd"
	"portguard/wrapper"
)

// About are the fields of a journal entry about an endpoint: PORTGUARD_PORT=30010 finds a port's whole story. Those of a holder
// are about the first in the way, which is whom a report tells of first.
func About(o *wrapper.Outcome) map[string]string { return aboutHolder(o, nil) }

// aboutHolder are the fields of an entry that is about one holder of an endpoint; nil: about the endpoint.
func aboutHolder(o *wrapper.Outcome, h *netdiag.Holder) map[string]string {
	f := map[string]string{
		"PORTGUARD_PORT":     strconv.Itoa(int(o.Endpoint.Port)),
		"PORTGUARD_PROTOCOL": o.Endpoint.Protocol.String(),
		"PORTGUARD_ADDRESS":  o.Endpoint.Address(),
		"PORTGUARD_VERDICT":  verdictText(o),
	}
	if o.Endpoint.Device != "" {
		f["PORTGUARD_DEVICE"] = o.Endpoint.Device
	}
	if h == nil {
		h = mainHolder(o)
	}
	if h == nil {
		return f
	}
	f["PORTGUARD_HOLDER_KIND"] = h.Kind.String()
	if keepers := h.Keepers(); len(keepers) > 0 {
		f["PORTGUARD_HOLDER_PID"] = strconv.Itoa(keepers[0].PID)
		f["PORTGUARD_HOLDER_COMM"] = page.Safe(keepers[0].Command)
	}
	if u, ok := systemd.UnitOfCgroup(h.Cgroup); ok {
		f["PORTGUARD_HOLDER_UNIT"] = u.Name
		if u.User {
			f["PORTGUARD_HOLDER_UNIT_OWNER"] = u.Owner
		}
	}
	return f
}

// mainHolder is the holder that an entry about an endpoint names: the first in the way, else the last that something was done to.
func mainHolder(o *wrapper.Outcome) *netdiag.Holder {
	if len(o.Holders) > 0 {
		return &o.Holders[0]
	}
	for _, a := range slices.Backward(o.Actions) {
		if a.Holder != nil {
			return a.Holder
		}
	}
	return nil
}

// unitText is the unit of a holder, for an entry whose text does not name it: who reads the journal looks for units.
func unitText(h *netdiag.Holder, text string) string {
	if h == nil {
		return ""
	}
	if u, ok := systemd.UnitOfCgroup(h.Cgroup); ok && !strings.Contains(text, u.Name) {
		return "; it is of " + strings.TrimPrefix(names.WhereOf(h.Cgroup), ", ")
	}
	return ""
}

// toJournal says one line an endpoint, for the journal: its readers filter, they do not scroll.
func toJournal(l cli.Log, r *wrapper.Report, facts Facts, verbose bool) {
	facts = facts.about(r)
	advice := facts.advice(r)
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		if o.Trial.Verdict == netdiag.Free {
			if verbose {
				l.Say(cli.MsgFree, journal.PriInfo, About(o), Text{}.headline(o))
			}
			continue
		}
		text := Text{}.headline(o)
		if len(o.Holders) > 0 {
			text += "; " + HolderText(o) + ": " + why.Sentence(o.Holders[0], facts.Facts)
		}
		text += outcomesText(o)
		if len(advice) > 0 && o.Trial.Verdict != netdiag.Forbidden {
			text += "; what would help: " + advice[0].Command
		}
		l.Say(cli.MsgTaken, journal.PriErr, About(o), text)
	}
	for _, text := range limits(r) {
		l.Say(cli.MsgFailed, journal.PriWarning, nil, text)
	}
}
