package report

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

func outcomeOn(port uint16, v netdiag.Verdict) wrapper.Outcome {
	return wrapper.Outcome{Finding: netdiag.Finding{Endpoint: netdiag.Endpoint{Protocol: netdiag.TCP, Port: port}, Trial: netdiag.Trial{Verdict: v}}}
}

// servedOn is a port that a server listens on; one server may have several.
func servedOn(port uint16, pid int) wrapper.Outcome {
	o := reporttest.Incident()
	h := &o.Holders[0]
	o.Endpoint.Port, h.Kind, h.Socket.State, h.Socket.Remote = port, netdiag.Listener, sockdiag.Listen, netip.AddrPort{}
	h.Socket.Local = netip.AddrPortFrom(netip.IPv4Unspecified(), port)
	h.Socket.Cookie, h.Owners[0].PID = uint64(port), pid
	return o
}

// Neighbouring ports of which the same is to be said share a line, and in a range the last line counts those that are taken.
func TestTextFolds(t *testing.T) {
	free := func(first, last uint16) (all []wrapper.Outcome) {
		for port := first; port <= last; port++ {
			all = append(all, outcomeOn(port, netdiag.Free))
		}
		return all
	}
	udp := free(30003, 30003)
	udp[0].Endpoint.Protocol = netdiag.UDP
	freed := free(30003, 30004)
	freed[0].By, freed[1].By = decide.Share, decide.Share
	away := func(port uint16) wrapper.Outcome {
		o := outcomeOn(port, netdiag.NoAddress)
		o.Endpoint.Addr, o.Trial.Errno = netip.MustParseAddr("10.11.0.5"), unix.EADDRNOTAVAIL
		return o
	}
	low := outcomeOn(1023, netdiag.Forbidden)
	low.Trial.Errno = unix.EACCES
	high := outcomeOn(1024, netdiag.Forbidden)
	high.Trial.Errno = unix.EACCES
	for _, tt := range []struct {
		name     string
		outcomes []wrapper.Outcome
		want     []string // the lines that begin one
	}{
		{"a range", free(30000, 30100), []string{"30000-30100/tcp: 101 ports are free"}},
		{"two", free(30000, 30001), []string{"30000-30001/tcp: 2 ports are free"}},
		{"a gap", append(free(30000, 30001), free(30003, 30003)...), []string{"30000-30001/tcp: 2 ports are free", "30003/tcp is free"}},
		{"protocols", append(free(30000, 30002), udp...), []string{"30000-30002/tcp: 3 ports are free", "30003/udp is free"}},
		{"how they came free", append(free(30000, 30002), freed...), []string{"30000-30002/tcp: 3 ports are free", "30003-30004/tcp: 2 ports are free again, by share"}},
		{"no address", []wrapper.Outcome{away(80), away(81)},
			[]string{`10.11.0.5:80-81/tcp: 2 ports are not possible: binding 10.11.0.5:80 fails with "cannot assign requested address"; this host does not have 10.11.0.5 (yet)`}},
		{"for one reason and another", []wrapper.Outcome{low, high}, []string{"1023/tcp is forbidden: ", "1024/tcp is forbidden: "}},
		{"a server with several ports", append(free(30000, 30001), servedOn(30002, 7), servedOn(30003, 7), servedOn(30004, 8)),
			[]string{"30000-30001/tcp: 2 ports are free", "30002-30003/tcp: 2 ports are taken: ", "30004/tcp is taken: ", "3 of 5 ports are taken: 30002-30004"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for line := range strings.Lines(text(tt.outcomes...)) {
				if line = strings.TrimRight(line, "\n"); line != "" && line[0] != ' ' {
					got = append(got, line)
				}
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], tt.want[i]) {
					t.Errorf("got %q, want %q", got[i], tt.want[i])
				}
			}
		})
	}
	if got, want := text(servedOn(30002, 7), servedOn(30003, 7), servedOn(30004, 7)), "          and the same on the other 2 ports\n"; !strings.Contains(got, want) {
		t.Errorf("%q is missing in:\n%s", want, got)
	}
}

// Of hundreds of connections that something was done to the first are named, here and while it happens.
func TestManyActionsAreCapped(t *testing.T) {
	o := reporttest.Incident()
	o.Trial.Verdict, o.By = netdiag.Free, decide.Share
	var log bytes.Buffer
	p := Progress{Log: cli.Log{W: &log}, Touches: true}
	for i := range 300 {
		h := o.Holders[0]
		h.Socket.Cookie = uint64(i)
		o.Actions = append(o.Actions, wrapper.Action{Rung: decide.Share, Holder: &h, Result: decide.Done, Detail: fmt.Sprintf("set SO_REUSEADDR on %d", i)})
	}
	for range 5 { // one process that had many of them
		o.Actions = append(o.Actions, wrapper.Action{Rung: decide.Kill, Result: decide.Done, Detail: "sent SIGTERM to pid 7"})
	}
	for _, a := range o.Actions {
		p.Acted(&o, a)
	}
	p.Finish()
	for name, got := range map[string]string{"report": text(o), "log": log.String()} {
		lines := strings.Count(got, "set SO_REUSEADDR")
		if lines != MaxHolders || strings.Count(got, "SIGTERM") != 1 || !strings.Contains(got, "and 292 more") {
			t.Errorf("%s: %d lines\n%s", name, lines, got)
		}
	}
}

// What was said on the terminal when it happened does not stand in the report on the same terminal once more; what was refused does.
func TestNothingIsSaidTwiceOnATerminal(t *testing.T) {
	o := reporttest.Incident()
	o.Actions = []wrapper.Action{
		{Rung: decide.Share, Holder: &o.Holders[0], Result: decide.NotPossible, Detail: "no owner"},
		{Rung: decide.Close, Holder: &o.Holders[0], Result: decide.Done, Detail: "cut it"},
		{Rung: decide.Wait, Result: decide.Failed, Detail: "still taken"},
	}
	for list, want := range map[listed]string{none: "", untold: "no owner|still taken", every: "no owner|cut it|still taken"} {
		var b, log bytes.Buffer
		p := Progress{Log: cli.Log{W: &log}, Touches: true}
		var got []string
		for _, a := range o.Actions {
			p.Acted(&o, a)
		}
		Text{W: &b, Now: reporttest.Now, actions: list}.Render(&wrapper.Report{Outcomes: []wrapper.Outcome{o}, Judge: reporttest.Willing})
		for _, a := range o.Actions {
			if strings.Contains(b.String(), a.Detail) {
				got = append(got, a.Detail)
			}
			if said := strings.Contains(log.String(), a.Detail); list == untold && said == strings.Contains(b.String(), a.Detail) {
				t.Errorf("%q is said twice, or not at all", a.Detail)
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%d: (-want +got)\n%s", list, diff)
		}
	}
}

// At every width the report has the same words, none of them broken, and no line is wider than the terminal.
func TestTextFitsTheTerminal(t *testing.T) {
	long := reporttest.Incident()
	long.Endpoint.Addr, long.Holders[0].Owners[0].Args = netip.MustParseAddr("2001:db8:1234:5678:9abc:def0:1234:5678"), []string{"java", "-cp", strings.Repeat("a-jar ", 40)}
	forbidden := outcomeOn(80, netdiag.Forbidden)
	forbidden.Trial.Errno = unix.EPERM
	acted := reporttest.Incident()
	acted.Partial = true
	acted.Actions = []wrapper.Action{{Rung: decide.RestartUnit, Holder: &acted.Holders[0], Result: decide.NotPossible, Detail: strings.Repeat("why it could not be done ", 10)}}
	for name, outcomes := range map[string][]wrapper.Outcome{
		"the incident": {reporttest.Incident()}, "long": {long}, "forbidden": {forbidden}, "actions": {acted}, "servers": {servedOn(80, 7), servedOn(81, 7), servedOn(82, 8), servedOn(90, 9)},
	} {
		render := func(width int) string {
			var b bytes.Buffer
			Text{W: &b, Width: width, Facts: incidentFacts, Now: reporttest.Now, actions: every}.Render(&wrapper.Report{Outcomes: outcomes, Judge: reporttest.Willing})
			return b.String()
		}
		words := func(text string) string {
			text = strings.ReplaceAll(text, " \\\n", " ")
			var all []string
			for word := range strings.FieldsSeq(text) {
				if !strings.Contains(word, "a-j") && !strings.HasPrefix(word, "'") { // the command line of a holder is cut
					all = append(all, word)
				}
			}
			return strings.Join(all, "\n")
		}
		for _, width := range []int{60, 80, 120, 200} {
			text := render(width)
			for line := range strings.Lines(text) {
				whole := strings.HasPrefix(strings.TrimSpace(line), "-p '") // a flag and its value, which are too long by themselves
				if n := page.WidthOf(strings.TrimRight(line, "\n")); n > width && !whole {
					t.Errorf("%s: %d columns, the terminal has %d: %s", name, n, width, line)
				}
			}
			if diff := cmp.Diff(words(render(0)), words(text)); diff != "" {
				t.Errorf("%s: other words at %d columns (-want +got)\n%s", name, width, diff)
			}
		}
	}
}
