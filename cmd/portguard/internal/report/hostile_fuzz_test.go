package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// hostileReport is the incident, with names that somebody else has chosen wherever a name may stand.
func hostileReport(name, args, cgroup, reason string) wrapper.Report {
	o := reporttest.Incident()
	h := &o.Holders[0]
	h.Cgroup = cgroup
	p := &h.Owners[0]
	p.Command, p.Args, p.Exe, p.User, p.Cgroup = name, strings.Split(args, "\x00"), name, name, cgroup
	h.Hints = []owner.Hint{{Kind: owner.HintIOURing, Process: *p}}
	o.Actions = []wrapper.Action{{Rung: decide.Kill, Holder: &o.Holders[0], Result: decide.Failed, Detail: reason}, {Rung: decide.Share, Result: decide.Done, Detail: name}}
	nameless := reporttest.Incident()
	nameless.Holders[0].Owners, nameless.Holders[0].Absence, nameless.Holders[0].Cgroup = nil, netdiag.NotPermitted, cgroup
	unasked := reporttest.Incident()
	unasked.Holders, unasked.Unexplained = nil, errors.New(reason)
	beside := map[netdiag.SocketID][]netdiag.Neighbour{h.ID(): {{Process: *p, Ports: []uint16{30011}, Below: true}}}
	return wrapper.Report{
		Outcomes: []wrapper.Outcome{o, nameless, unasked},
		Judge:    decide.Judge{Around: decide.Around{Services: beside}},
		Degraded: errors.New(reason),
	}
}

func seedHostile(f *testing.F) {
	for _, arg := range reporttest.Hostile.Args {
		f.Add(reporttest.Hostile.Name, arg+"\x00"+arg, "/system.slice/"+arg+".service", arg)
	}
	f.Add("java", "java\x00-jar\x00order.jar", "/system.slice/order.service", "sock_diag dump tcp: operation not permitted")
	f.Add("\u2028", strings.Repeat("\U000e0001", 60), "/machine.slice/machine-a\\x0ab\\x1b.scope", "\xf0\x9f")
	f.Add("sshd: root@pts/0", "sshd: \x1b]0;title\a", "/user.slice/user-0.slice/user@0.service/app.slice/\\x1b\\x5b2J.service", "a\r\nb")
	f.Add("x", "", "/docker/../../etc", "%s%n%!d(MISSING)")
	f.Add("x", "x", "/lxc/\x9b31m", "\x00")
}

// Whatever processes, users, units and containers are called: no text of ours has anything but lines of plain characters,
// none of which a name has begun.
func FuzzHostileText(f *testing.F) {
	seedHostile(f)
	f.Fuzz(func(t *testing.T, name, args, cgroup, reason string) {
		r := hostileReport(name, args, cgroup, reason)
		var b bytes.Buffer
		Text{W: &b, Facts: incidentFacts, Now: reporttest.Now, actions: every}.Render(&r)
		for line := range strings.Lines(b.String()) {
			if rest, bad := reporttest.Unprintable(strings.TrimSuffix(line, "\n")); bad {
				t.Errorf("the report has %q in %q", rest, line)
			}
			// A line of the report begins with its endpoint, or is indented; what a name has forged would be neither.
			if !strings.HasPrefix(line, "30010/tcp is taken: ") && !strings.HasPrefix(line, "3 of 3 ports are taken: ") && !strings.HasPrefix(line, "  ") && line != "\n" {
				t.Errorf("the report has the line %q", line)
			}
		}

		// One line each: in a log, in the journal's fields, in systemd's STATUS=.
		b.Reset()
		l := cli.Log{W: &b, Said: new(atomic.Bool)}
		toJournal(l, &r, incidentFacts, true)
		for i := range r.Outcomes {
			o := &r.Outcomes[i]
			for _, a := range o.Actions {
				(&Progress{Log: l}).Acted(o, a)
			}
			for key, value := range cli.Fields(cli.MsgTaken, About(o)) {
				if rest, bad := reporttest.Unprintable(value); bad {
					t.Errorf("the journal's field %s has %q", key, rest)
				}
			}
		}
		l.Say(cli.MsgFailed, journal.PriErr, nil, reason)
		for line := range strings.Lines(b.String()) {
			if rest, bad := reporttest.Unprintable(strings.TrimSuffix(line, "\n")); bad || !strings.HasPrefix(line, "portguard: ") {
				t.Errorf("the log has %q in %q", rest, line)
			}
		}
		status, _ := waitingFor(wrapper.Waiting{Outcomes: []*wrapper.Outcome{&r.Outcomes[0], &r.Outcomes[1], &r.Outcomes[2]}, Until: time.Now()})
		if rest, bad := reporttest.Unprintable(status); bad {
			t.Errorf("STATUS= has %q", rest)
		}
	})
}

// The same names in JSON: one line, one document, in which each name reads back as far as JSON knows its characters.
func FuzzHostileJSON(f *testing.F) {
	seedHostile(f)
	f.Fuzz(func(t *testing.T, name, args, cgroup, reason string) {
		r := hostileReport(name, args, cgroup, reason)
		var b bytes.Buffer
		if err := WriteJSON(&b, &r, incidentFacts, Prospect{}); err != nil {
			t.Fatal(err)
		}
		text, ended := strings.CutSuffix(b.String(), "\n")
		if rest, bad := reporttest.Unprintable(text); bad || !ended {
			t.Errorf("the document has %q in it", rest)
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		var doc JSONReport
		if err := d.Decode(&doc); err != nil || d.More() || len(doc.Endpoints) != len(r.Outcomes) {
			t.Fatalf("%v, %d endpoints, more: %v\n%s", err, len(doc.Endpoints), d.More(), text)
		}
		known := func(s string) string { return string([]rune(s)) } // U+FFFD for each byte that is no text
		p := doc.Endpoints[0].Holders[0].Processes[0]
		if p.Command != known(name) || name != "" && *p.Exe != known(name) || strings.Join(p.Args, "\x00") != known(args) {
			t.Errorf("%q %q became %q %q", name, args, p.Command, p.Args)
		}
		if got := doc.Endpoints[0].Actions[0].Detail; got != known(reason) {
			t.Errorf("%q became %q", reason, got)
		}
	})
}
