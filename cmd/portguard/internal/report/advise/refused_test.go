package advise

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/systemd"
	"portguard/systemd/dropin"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// After a dry run that would have worked there is nothing to advise.
func TestAdviseAfterADryRun(t *testing.T) {
	o := reporttest.Incident()
	o.WouldBeFree = true
	if got := advised(t, reporttest.Willing, incidentFacts, o); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

// What this run was allowed is not advised again: it was tried, and in vain.
func TestAdviseNothingThatWasTried(t *testing.T) {
	listener := reporttest.Incident()
	listener.Holders[0].Kind = netdiag.Listener
	for _, tt := range []struct {
		name    string
		policy  decide.Policy
		outcome wrapper.Outcome
		want    []string
	}{
		{"share", decide.Policy{Share: true}, reporttest.Incident(), []string{"--wait", "--close", "--restart-unit"}},
		{"wait", decide.Policy{Wait: 1}, reporttest.Incident(), []string{"--share", "--close", "--restart-unit"}},
		{"kill, which does not touch listeners", decide.Policy{Kill: true}, listener, []string{"--wait", "--kill --kill-listeners"}},
		{"kill of listeners", decide.Policy{Kill: true, KillListeners: true}, listener, []string{"--wait"}},
		{"a dry run of it", decide.Policy{Close: true, DryRun: true}, reporttest.Incident(), []string{"--share", "--wait", "--restart-unit"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			judge := reporttest.Willing
			judge.Policy = tt.policy
			if diff := cmp.Diff(tt.want, rungsOf(advised(t, judge, incidentFacts, tt.outcome))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// rungsOf are the rungs of the lines that start COMMAND.
func rungsOf(lines []string) (all []string) {
	for _, line := range lines {
		if rungs, ok := strings.CutSuffix(line, " -p 30010 -- COMMAND"); ok {
			rungs = strings.TrimPrefix(rungs, "portguard ")
			if strings.HasPrefix(rungs, "--wait") {
				rungs = "--wait"
			}
			all = append(all, rungs)
		}
	}
	return all
}

// What the judge of this run would refuse is not advised. He whose connection is shared does not notice, whoever he is.
func TestAdviseNothingThatWouldBeRefused(t *testing.T) {
	judge := decide.Judge{Protected: map[int]string{1988719: "a process that portguard runs in"}}
	listener := reporttest.Incident()
	listener.Holders[0].Kind = netdiag.Listener
	bound := reporttest.Incident()
	bound.Holders[0].Kind = netdiag.Bound
	for _, tt := range []struct {
		name    string
		outcome wrapper.Outcome
		want    []string
	}{
		{"client", reporttest.Incident(), []string{"--share", "--wait"}},
		{"bound", bound, []string{"--share"}},
		{"listener", listener, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, rungsOf(advised(t, judge, incidentFacts, tt.outcome))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Who may not see the owner is told what root could do without harm, and how to see more; nothing that would be refused.
func TestAdviseWhereRootIsNeeded(t *testing.T) {
	hidden := func(k netdiag.Kind) wrapper.Outcome {
		o := reporttest.Incident()
		o.Holders[0].Kind, o.Holders[0].Owners, o.Holders[0].Absence = k, nil, netdiag.NotPermitted
		return o
	}
	for _, tt := range []struct {
		name    string
		mayRise bool
		outcome wrapper.Outcome
		want    []string
	}{
		{"connection", true, hidden(netdiag.Client), []string{"sudo portguard --share -p 30010", "portguard --wait 30s -p 30010 -- COMMAND", "sudo portguard -p 30010", "sudo portguard reserve 30010"}},
		{"listener", true, hidden(netdiag.Listener), []string{"portguard --wait 30s -p 30010 -- COMMAND", "sudo portguard -p 30010"}},
		{"who cannot become root", false, hidden(netdiag.Client), []string{"portguard --wait 30s -p 30010 -- COMMAND"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			judge, facts := reporttest.Willing, incidentFacts
			judge.MayRise, facts.Unreservable = tt.mayRise, fs.ErrPermission
			if !tt.mayRise {
				facts.Unreservable = unix.EROFS
			}
			if diff := cmp.Diff(tt.want, advised(t, judge, facts, tt.outcome)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// At the start of a service no COMMAND is advised: that would be a second one, outside of the unit. Where portguard's own drop-in
// guards the service, what harms nobody is advised for every start.
func TestAdviseInAUnit(t *testing.T) {
	judge := reporttest.Willing
	judge.Starts = systemd.Unit{Name: "web.service"}
	for _, tt := range []struct {
		name  string
		guard *dropin.DropIn
		given flags.Given
		want  []string
	}{
		{"by hand", nil, flags.Given{}, []string{
			"portguard --share -p 30010", "portguard --wait 30s -p 30010", "portguard --close -p 30010", "portguard --restart-unit -p 30010", "portguard reserve 30010"}},
		{"by portguard's drop-in", &dropin.DropIn{Pre: "/usr/bin/portguard --kill -p 30010"}, flags.Given{Ladder: []string{"--kill"}}, []string{
			"portguard unit install web.service --share --kill -p 30010", "portguard unit install web.service --wait 30s --kill -p 30010",
			"portguard --close -p 30010", "portguard --restart-unit -p 30010", "portguard reserve 30010"}},
		{"by one that looks whether it listens", &dropin.DropIn{Pre: "/usr/bin/portguard -p 30010", Post: "+/usr/bin/portguard ready --wait 20s -p 30010"}, flags.Given{}, []string{
			"portguard unit install web.service --share --ready 20s -p 30010", "portguard unit install web.service --wait 30s --ready 20s -p 30010",
			"portguard --close -p 30010", "portguard --restart-unit -p 30010", "portguard reserve 30010"}},
		{"by one that gives its command a name", &dropin.DropIn{Exec: "@/usr/bin/portguard portguard -p 30010 --argv0 -- java order"}, flags.Given{Rest: []string{"--argv0"}}, []string{
			"portguard unit install web.service --share --as wrapper -p 30010", "portguard unit install web.service --wait 30s --as wrapper -p 30010",
			"portguard --close -p 30010", "portguard --restart-unit -p 30010", "portguard reserve 30010"}},
		{"by one that is its parent", &dropin.DropIn{Exec: "/usr/bin/portguard -p 30010 -- java"}, flags.Given{Rest: []string{"--hold", "fdstore"}}, []string{
			"portguard unit install web.service --share --as wrapper --hold fdstore -p 30010", "portguard unit install web.service --wait 30s --as wrapper --hold fdstore -p 30010",
			"portguard --close -p 30010", "portguard --restart-unit -p 30010", "portguard reserve 30010"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			facts := incidentFacts
			facts.Given = tt.given
			got := advisedBeside(t, tt.guard, judge, facts, reporttest.Incident())
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Nor is a COMMAND where a socket that holds the port would cost the service one; before ExecStart= there is none to be left out.
func TestAdviseInAUnitThatAHoldWouldCost(t *testing.T) {
	judge := reporttest.Willing
	judge.Starts = systemd.Unit{Name: "web.service"}
	o := reporttest.Incident()
	o.Holders[0].Kind, o.HoldCosts = netdiag.Listener, true
	guard := &dropin.DropIn{Pre: "/usr/bin/portguard -p 30010"}
	for _, line := range advisedBeside(t, guard, judge, incidentFacts, o) {
		if strings.Contains(line, "--hold") || strings.Contains(line, "COMMAND") {
			t.Errorf("%s", line)
		}
	}
}
