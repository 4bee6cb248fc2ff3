package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// An entry about an action has the fields of whom it was done to, not of the first in the way.
func TestJournalFieldsAreOfWhomTheMessageIsAbout(t *testing.T) {
	o := reporttest.Incident()
	second := o.Holders[0]
	second.Socket.Cookie++
	second.Cgroup = "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service"
	second.Owners = []owner.Process{{PID: 7, Command: "web"}}
	ring := second
	ring.Owners, ring.Absence = nil, netdiag.InRing
	ring.Hints = []owner.Hint{{Kind: owner.HintIOURing, Process: owner.Process{PID: 8, Command: "ring"}}}
	o.Holders = append(o.Holders, second)
	for _, tt := range []struct {
		name string
		h    *netdiag.Holder
		want string // PID, COMM, UNIT, UNIT_OWNER
	}{
		{"the endpoint", nil, "1988719 java order.service "},
		{"the second holder, of a user's unit", &second, "7 web web.service user@1000.service"},
		{"a fixed file of an io_uring", &ring, "8 ring web.service user@1000.service"},
	} {
		f := aboutHolder(&o, tt.h)
		var got []string
		for _, name := range []string{"PID", "COMM", "UNIT", "UNIT_OWNER"} {
			got = append(got, f["PORTGUARD_HOLDER_"+name])
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}

// An entry about an action names the unit, once.
func TestJournalNamesTheUnitOfWhomAnActionIsAbout(t *testing.T) {
	h := reporttest.Incident().Holders[0]
	nowhere := h
	nowhere.Cgroup = "/"
	for _, tt := range []struct {
		name string
		h    *netdiag.Holder
		text string
		want string
	}{
		{"a connection", &h, "close: cut the connection of java (pid 1988719)", "; it is of order.service"},
		{"it is named already", &h, "restart-unit: restarted order.service", ""},
		{"of no unit", &nowhere, "close: cut the connection", ""},
		{"the endpoint as a whole", nil, "wait: still taken", ""},
	} {
		if got := unitText(tt.h, tt.text); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The line has all that the text report would say: who and of which unit, why, what came of each rung, and what is left to try.
func TestJournalLine(t *testing.T) {
	o := reporttest.Incident()
	for i := range 3 {
		h := o.Holders[0]
		h.Socket.Cookie += uint64(i)
		o.Holders = append(o.Holders[:i:i], h)
	}
	o.Actions = []wrapper.Action{
		{Rung: decide.Share, Holder: &o.Holders[0], Result: decide.Failed, Detail: "first"},
		{Rung: decide.Share, Holder: &o.Holders[1], Result: decide.Failed, Detail: "second"},
		{Rung: decide.Close, Holder: &o.Holders[2], Result: decide.NotPossible, Detail: "third\n"},
	}
	o.TimedOut = true
	judge := reporttest.Willing
	judge.Policy = decide.Policy{Share: true, Wait: 1}
	var said bytes.Buffer
	toJournal(cli.NewLog(&said), &wrapper.Report{Outcomes: []wrapper.Outcome{o}, Judge: judge}, incidentFacts, false)
	for _, want := range []string{
		"java (pid 1988719, order.service) has it",
		`; share failed: first (and 1 more); close not possible: third\n; what would help: portguard --close -p 30010 -- COMMAND`,
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q is missing in\n%s", want, said.String())
		}
	}
}
