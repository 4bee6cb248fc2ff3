package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/netdiag"
	"portguard/systemd"
	"portguard/wrapper"
)

// messageID tells the journal what kind of message an entry is: `journalctl MESSAGE_ID=...`. They are a stable interface.
type messageID string

// The kinds of messages.
const (
	msgTaken   messageID = "2477c54999c14bf5855d4b677ab271dc" // an endpoint cannot be bound
	msgFree    messageID = "788d7c4b561044b3998ab3e996e4a493" // an endpoint can be bound, or has been freed
	msgWaiting messageID = "c707caf098be46ce83bec742cfbc3a23" // --wait waits, and what for
	msgActed   messageID = "8811bd17edda41b2a095bd3488476b52" // a rung did something to a holder, or was refused
	msgHeld    messageID = "c33495251b52468aadc773e07a4e6761" // a port is held by a placeholder, or is not
	msgFailed  messageID = "31f5311ac48a48f987fe26389d65e40d" // portguard itself cannot go on
)

// log is where portguard's own messages go: lines on stderr or, when stderr is the journal, entries of it.
type log struct {
	w       io.Writer
	journal bool
	said    *atomic.Bool // an entry went to the journal
}

// newLog finds out whether the descriptor is the journal's stream (JOURNAL_STREAM).
func newLog(w io.Writer) log {
	return log{w: w, journal: isJournal(w), said: new(atomic.Bool)}
}

func isJournal(w io.Writer) bool {
	if os.Getenv("JOURNAL_STREAM") == "" || !journal.Enabled() {
		return false
	}
	var is bool
	switch descriptor(w) {
	case 2:
		is, _ = journal.StderrIsJournalStream()
	case 1:
		is, _ = journal.StdoutIsJournalStream()
	}
	return is
}

// say writes one message, on one line whatever names are in it. o is the endpoint that it is about, nil for none.
func (l log) say(id messageID, p journal.Priority, o *wrapper.Outcome, text string) {
	text = safe(text)
	if l.journal && journal.Send(text, p, fields(id, o)) == nil {
		l.said.Store(true)
		return
	}
	fmt.Fprintf(l.w, "portguard: %s\n", text)
}

// fields are an entry's: PORTGUARD_PORT=30010 finds a port's whole story.
func fields(id messageID, o *wrapper.Outcome) map[string]string {
	f := map[string]string{"MESSAGE_ID": string(id), "SYSLOG_IDENTIFIER": "portguard"}
	if o == nil {
		return f
	}
	f["PORTGUARD_PORT"] = strconv.Itoa(int(o.Endpoint.Port))
	f["PORTGUARD_PROTOCOL"] = o.Endpoint.Protocol.String()
	f["PORTGUARD_ADDRESS"] = o.Endpoint.Address()
	f["PORTGUARD_VERDICT"] = verdictText(o)
	h := mainHolder(o)
	if h == nil {
		return f
	}
	f["PORTGUARD_HOLDER_KIND"] = h.Kind.String()
	if len(h.Owners) > 0 {
		f["PORTGUARD_HOLDER_PID"] = strconv.Itoa(h.Owners[0].PID)
		f["PORTGUARD_HOLDER_COMM"] = safe(h.Owners[0].Command)
	}
	if u, ok := systemd.UnitOfCgroup(h.Cgroup); ok {
		f["PORTGUARD_HOLDER_UNIT"] = u.Name
	}
	return f
}

// mainHolder is the holder that an entry names: the first in the way, else the first that something was done to.
func mainHolder(o *wrapper.Outcome) *netdiag.Holder {
	if len(o.Holders) > 0 {
		return &o.Holders[0]
	}
	for _, a := range o.Actions {
		if a.Holder != nil {
			return a.Holder
		}
	}
	return nil
}

// report says one line an endpoint, for the journal: its readers filter, they do not scroll.
func (l log) report(r *wrapper.Report, facts hostFacts, verbose bool) {
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		if o.Trial.Verdict == netdiag.Free {
			if verbose {
				l.say(msgFree, journal.PriInfo, o, textReport{}.headline(o))
			}
			continue
		}
		text := textReport{}.headline(o)
		if len(o.Holders) > 0 {
			text += "; " + holderText(o) + ": " + why(o.Holders[0], facts)
		}
		if all := advise(o, r.Judge, facts); len(all) > 0 {
			text += "; what would help: " + all[0].command
		}
		l.say(msgTaken, journal.PriErr, o, text)
	}
	for _, text := range limits(r) {
		l.say(msgFailed, journal.PriWarning, nil, text)
	}
}

// settle gives the journal the time to look up whose messages these were: an entry of a process that is gone has no unit,
// and journalctl -u does not show it. Not needed where the process becomes the service.
func (l log) settle() {
	const enough = 50 * time.Millisecond
	if l.said.Load() {
		time.Sleep(enough)
	}
}
