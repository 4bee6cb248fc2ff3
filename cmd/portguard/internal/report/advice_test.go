package report

import (
	"io/fs"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/portrange"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
	"portguard/systemd/dropin"
	"portguard/wrapper"
)

// willing knows of nothing that speaks against a rung.
var willing = wrapper.Judge{Services: map[string]wrapper.Service{"order.service": {Service: systemd.Service{
	LoadState: "loaded", ActiveState: "active", ControlGroup: "/system.slice/order.service", KillMode: "control-group",
}}}}

// advised are the lines for a report. Each has a form that a test follows, to see it do what it says.
func advised(t *testing.T, judge wrapper.Judge, facts Facts, outcomes ...wrapper.Outcome) []string {
	t.Helper()
	lines := commands(Advise(&wrapper.Report{Outcomes: outcomes, Judge: judge}, facts))
	for _, line := range lines {
		if !reporttest.Known(line) {
			t.Errorf("no test follows %q, which is %q", line, reporttest.Form(line))
		}
	}
	return lines
}

// Every piece of advice would help, and the one that does the least harm comes first.
func TestAdvise(t *testing.T) {
	const (
		share     = "portguard --share -p 30010 -- COMMAND"
		wait      = "portguard --wait 30s -p 30010 -- COMMAND"
		waitOut   = "portguard --wait 70s -p 30010 -- COMMAND"
		cut       = "portguard --close -p 30010 -- COMMAND"
		restart   = "portguard --restart-unit -p 30010 -- COMMAND"
		kill      = "portguard --kill -p 30010 -- COMMAND"
		killOther = "portguard --kill --kill-listeners -p 30010 -- COMMAND"
		reserve   = "portguard reserve 30010"
	)
	owned := func(k netdiag.Kind, s sockdiag.State) netdiag.Holder {
		return netdiag.Holder{Kind: k, Socket: socket(s), Owners: []owner.Process{{PID: 1988719, Command: "java"}}}
	}
	client := owned(netdiag.Client, sockdiag.Established)
	ofUnit := reporttest.Incident().Holders[0]
	mptcp := client
	mptcp.Socket.ULP = "mptcp"
	boundMPTCP := mptcp
	boundMPTCP.Kind = netdiag.BoundClient
	itself := client
	itself.Socket.Remote = itself.Socket.Local
	asking := map[netdiag.Kind]netdiag.Holder{}
	for _, kind := range []netdiag.Kind{netdiag.BoundClient, netdiag.Accepted} {
		h := ofUnit
		h.Kind = kind
		asking[kind] = h
	}
	remains := netdiag.Holder{Kind: netdiag.Remains, Socket: socket(sockdiag.TimeWait), Absence: netdiag.Ownerless}
	listener := owned(netdiag.Listener, sockdiag.Listen)
	manager := listener
	manager.Owners = []owner.Process{{PID: 1, Exe: "/usr/lib/systemd/systemd", Cgroup: "/init.scope"}}
	manager.Cgroup = "/system.slice/knxd.socket"
	session := listener
	session.Owners = []owner.Process{{PID: 96, Command: "sshd"}}
	judge := willing
	judge.Protected = map[int]string{1: "the init process", 96: "a process that portguard runs in"}

	for _, tt := range []struct {
		name    string
		verdict netdiag.Verdict
		holders []netdiag.Holder
		want    []string
	}{
		{"client", netdiag.Taken, []netdiag.Holder{client}, []string{share, wait, cut, reserve}},
		{"client that is a unit's", netdiag.Taken, []netdiag.Holder{ofUnit}, []string{share, wait, cut, restart, reserve}},
		{"client that is a unit's, and asked for its port", netdiag.Taken, []netdiag.Holder{asking[netdiag.BoundClient]}, []string{share, wait, cut}},
		{"accepted by a unit's", netdiag.Taken, []netdiag.Holder{asking[netdiag.Accepted]}, []string{share, wait, cut}},
		{"client of MPTCP, which cannot be shared", netdiag.Taken, []netdiag.Holder{mptcp}, []string{wait, cut, reserve}},
		{"the same, and it asked for its port", netdiag.Taken, []netdiag.Holder{boundMPTCP}, []string{wait, kill}},
		{"client that is connected to itself, which never ends", netdiag.Taken, []netdiag.Holder{itself}, []string{cut, reserve}},
		{"accepted", netdiag.Taken, []netdiag.Holder{owned(netdiag.Accepted, sockdiag.Established)}, []string{share, wait, cut}},
		{"bound, where nothing can be cut", netdiag.Taken, []netdiag.Holder{owned(netdiag.Bound, sockdiag.Close)}, []string{share, wait, kill}},
		{"remains", netdiag.Taken, []netdiag.Holder{remains}, []string{share, waitOut, cut}},
		{"client and remains", netdiag.Taken, []netdiag.Holder{client, remains}, []string{share, wait, cut, reserve}},
		{"client, and one that cannot be shared", netdiag.Taken, []netdiag.Holder{asking[netdiag.BoundClient], boundMPTCP}, []string{wait, kill}},
		{"listener", netdiag.Taken, []netdiag.Holder{listener}, []string{wait, killOther}},
		{"listener and client", netdiag.Taken, []netdiag.Holder{listener, client}, []string{wait, killOther, reserve}},
		{"listener of pid 1 for a socket unit", netdiag.Taken, []netdiag.Holder{manager}, []string{"systemctl stop knxd.socket"}},
		{"listener of the session that one is in", netdiag.Taken, []netdiag.Holder{session}, nil},
		{"kernel", netdiag.Taken, []netdiag.Holder{{Kind: netdiag.Kernel, Absence: netdiag.OfKernel}}, nil},
		{"in another pid namespace", netdiag.Taken, []netdiag.Holder{{Kind: netdiag.Client, Socket: socket(sockdiag.Established), Absence: netdiag.OtherPIDNamespace}}, []string{wait, reserve}},
		{"nobody shows", netdiag.Taken, nil, []string{wait}},
		{"address not there", netdiag.NoAddress, nil, []string{"portguard --wait 60s -p 30010 -- COMMAND", "portguard --freebind -p 30010 -- COMMAND"}},
		{"free", netdiag.Free, nil, nil},
		{"forbidden", netdiag.Forbidden, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := reporttest.Incident()
			o.Trial.Verdict, o.Holders = tt.verdict, tt.holders
			if diff := cmp.Diff(tt.want, advised(t, judge, incidentFacts, o), equateEmpty); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

var equateEmpty = cmp.Transformer("empty", func(s []string) string { return strings.Join(s, "\n") })

// A COMMAND needs all of its ports: what is advised gets all of them.
func TestAdviseForSeveralEndpoints(t *testing.T) {
	client, listener, absent, forbidden, free := reporttest.Incident(), reporttest.Incident(), reporttest.Incident(), reporttest.Incident(), reporttest.Incident()
	client.Holders[0].Owners[0].Cgroup, client.Holders[0].Cgroup = "", "" // of no unit that could be restarted
	listener.Endpoint.Port, listener.Holders[0].Kind, listener.Holders[0].Socket.Cookie = 8081, netdiag.Listener, 7
	absent.Endpoint.Port, absent.Trial.Verdict, absent.Holders = 8082, netdiag.NoAddress, nil
	forbidden.Endpoint.Port, forbidden.Trial.Verdict, forbidden.Holders = 80, netdiag.Forbidden, nil
	free.Endpoint.Port, free.Trial.Verdict, free.Holders = 8083, netdiag.Free, nil
	mptcp := reporttest.Incident()
	mptcp.Endpoint.Port, mptcp.Holders[0].Socket.ULP = 30011, "mptcp"
	second := reporttest.Incident()
	second.Endpoint.Port = 30012
	for _, tt := range []struct {
		name     string
		outcomes []wrapper.Outcome
		want     []string
	}{
		{"two connections", []wrapper.Outcome{client, second}, []string{
			"portguard --share -p 30010,30012 -- COMMAND", "portguard --wait 30s -p 30010,30012 -- COMMAND", "portguard --close -p 30010,30012 -- COMMAND",
			"portguard reserve 30010,30012"}},
		{"one is free", []wrapper.Outcome{free, mptcp}, []string{
			"portguard --wait 30s -p 8083,30011 -- COMMAND", "portguard --close -p 8083,30011 -- COMMAND", "portguard --restart-unit -p 8083,30011 -- COMMAND", "portguard reserve 30011"}},
		{"one listens: what ends it would end the connection, too", []wrapper.Outcome{client, listener}, []string{
			"portguard --wait 30s -p 30010,8081 -- COMMAND", "portguard --kill --kill-listeners -p 30010,8081 -- COMMAND", "portguard reserve 30010"}},
		{"one has no address yet", []wrapper.Outcome{client, absent}, []string{
			"portguard --share --wait 60s -p 30010,8082 -- COMMAND", "portguard --wait 60s -p 30010,8082 -- COMMAND", "portguard reserve 30010"}},
		{"one is forbidden, so that COMMAND cannot start", []wrapper.Outcome{client, forbidden}, []string{"portguard reserve 30010"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := advised(t, willing, incidentFacts, tt.outcomes...)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// After a dry run that would have worked there is nothing to advise.
func TestAdviseAfterADryRun(t *testing.T) {
	o := reporttest.Incident()
	o.WouldBeFree = true
	if got := advised(t, willing, incidentFacts, o); len(got) > 0 {
		t.Errorf("%q", got)
	}
	if got, want := text(o), "\n  then    30010/tcp would be free\n"; !strings.HasSuffix(got, want) {
		t.Errorf("it does not end with %q:\n%s", want, got)
	}
}

// What this run was allowed is not advised again: it was tried, and in vain.
func TestAdviseNothingThatWasTried(t *testing.T) {
	listener := reporttest.Incident()
	listener.Holders[0].Kind = netdiag.Listener
	for _, tt := range []struct {
		name    string
		policy  wrapper.Policy
		outcome wrapper.Outcome
		want    []string
	}{
		{"share", wrapper.Policy{Share: true}, reporttest.Incident(), []string{"--wait", "--close", "--restart-unit"}},
		{"wait", wrapper.Policy{Wait: 1}, reporttest.Incident(), []string{"--share", "--close", "--restart-unit"}},
		{"kill, which does not touch listeners", wrapper.Policy{Kill: true}, listener, []string{"--wait", "--kill --kill-listeners"}},
		{"kill of listeners", wrapper.Policy{Kill: true, KillListeners: true}, listener, []string{"--wait"}},
		{"a dry run of it", wrapper.Policy{Close: true, DryRun: true}, reporttest.Incident(), []string{"--share", "--wait", "--restart-unit"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			judge := willing
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
	judge := wrapper.Judge{Protected: map[int]string{1988719: "a process that portguard runs in"}}
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
			judge, facts := willing, incidentFacts
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
	judge := willing
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
		{"by one that is its parent", &dropin.DropIn{Exec: "/usr/bin/portguard -p 30010 -- java"}, flags.Given{Rest: []string{"--hold", "fdstore"}}, []string{
			"portguard unit install web.service --share --as wrapper --hold fdstore -p 30010", "portguard unit install web.service --wait 30s --as wrapper --hold fdstore -p 30010",
			"portguard --close -p 30010", "portguard --restart-unit -p 30010", "portguard reserve 30010"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			facts := incidentFacts
			facts.Again = Again{Given: tt.given, unit: "web.service", guard: tt.guard}
			got := advised(t, judge, facts, reporttest.Incident())
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Beside what helps now there is how a program is to be started that the hold would cost a socket.
func TestAdviseAReservation(t *testing.T) {
	const want = "portguard --hold none --reserve -p 30010 -- COMMAND"
	for _, costs := range []bool{false, true} {
		o := reporttest.Incident()
		o.HoldCosts = costs
		all := advised(t, willing, incidentFacts, o)
		if got := all[len(all)-1] == want; got != costs {
			t.Errorf("costs a socket %v: the last advice is %q", costs, all[len(all)-1])
		}
	}
}

// Whoever follows the advice tries what this run has tried: every endpoint, with the options that its flags gave it.
func TestAdviseTheSameEndpoints(t *testing.T) {
	for _, tt := range []struct {
		name, ports string
		opts        netdiag.Options
		given       flags.Given
		want        string
	}{
		{"an option", "30010", netdiag.Options{ReuseAddr: netdiag.ReuseNo}, flags.Given{}, "portguard --wait 30s --no-reuseaddr -p 30010 -- COMMAND"},
		{"every option", "30010", netdiag.Options{ReuseAddr: netdiag.ReuseYes, ReusePort: true, V6Only: true}, flags.Given{},
			"portguard --wait 30s --reuseaddr yes --reuseport --v6only -p 30010 -- COMMAND"},
		{"several", "4502,59182,59183", netdiag.Options{}, flags.Given{}, "portguard --wait 30s -p 4502,59182,59183 -- COMMAND"},
		{"a range", "30000-34999", netdiag.Options{}, flags.Given{}, "portguard --wait 30s -p 30000-34999 -- COMMAND"},
		{"brackets, which zsh takes for a pattern", "[2001:db8::1]:80", netdiag.Options{}, flags.Given{}, "portguard --wait 30s -p '[2001:db8::1]:80' -- COMMAND"},
		{"more than a line holds", strings.Repeat("1,3,", 100) + "5", netdiag.Options{V6Only: true}, flags.Given{}, "portguard --wait 30s --v6only -p ENDPOINTS -- COMMAND"},
		{"how COMMAND is to be started", "30010", netdiag.Options{}, flags.Given{Rest: []string{"--restart", "always"}, Kill: []string{"--grace", "1s"}, Cut: []string{"--only", "user=app"}},
			"portguard --wait 30s --restart always -p 30010 -- COMMAND"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			endpoints, err := netdiag.ParseEndpoints(tt.ports, tt.opts, nil)
			if err != nil {
				t.Fatal(err)
			}
			r := wrapper.Report{Judge: willing}
			for _, e := range endpoints {
				o := reporttest.Incident()
				o.Endpoint = e
				r.Outcomes = append(r.Outcomes, o)
			}
			facts := incidentFacts
			facts.Again.Given = tt.given
			var waits []string
			for _, line := range commands(Advise(&r, facts)) {
				if strings.Contains(line, "--wait") {
					waits = append(waits, line)
				}
			}
			if diff := cmp.Diff([]string{tt.want}, waits); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// What narrows a rung that harms goes along with it.
func TestAdviseTheSameVictims(t *testing.T) {
	o := reporttest.Incident()
	o.Holders[0].Kind = netdiag.Listener
	facts := incidentFacts
	facts.Again.Given = flags.Given{Kill: []string{"--signal", "INT"}, Cut: []string{"--only", "unit=order.service"}}
	want := []string{"portguard --wait 30s -p 30010 -- COMMAND", "portguard --kill --kill-listeners --signal INT --only unit=order.service -p 30010 -- COMMAND"}
	if diff := cmp.Diff(want, advised(t, willing, facts, o)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The sysctl is advised only where it changes anything, and as reserve would do it.
func TestAdviseReservation(t *testing.T) {
	wide, narrow, tiny := portrange.Range{Low: 1024, High: 65000}, portrange.Range{Low: 30000, High: 31000}, portrange.Range{Low: 30010, High: 30019}
	for _, tt := range []struct {
		name  string
		port  uint16
		whole portrange.Range
		want  string
	}{
		{"in the range", 30010, wide, "portguard reserve 30010"},
		{"reserved already", 8080, wide, ""},
		{"outside the range", 1000, wide, ""},
		{"in a range that is too small already", 30010, narrow, "portguard reserve --force 30010"},
		{"in one that it would take too much of", 30010, tiny, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := reporttest.Incident()
			o.Endpoint.Port = tt.port
			got := ""
			for _, line := range advised(t, willing, Facts{Ephemeral: tt.whole, Reserved: incidentFacts.Reserved}, o) {
				if strings.Contains(line, "reserve ") {
					got = line
				}
			}
			if got != tt.want {
				t.Errorf("advised: %q, want %q", got, tt.want)
			}
		})
	}
}

// What the advice says of an endpoint can be given to -p again.
func TestArgument(t *testing.T) {
	for _, text := range []string{"30010", "30010/udp", "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:80/udp", "[::]:80", "[fe80::1%1]:80", "[::ffff:10.0.0.1]:80"} {
		t.Run(text, func(t *testing.T) {
			endpoints, err := netdiag.ParseEndpoints(text, netdiag.Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			again, err := netdiag.ParseEndpoints(endpoints[0].Argument(), netdiag.Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(endpoints, again, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("%s (-want +got)\n%s", endpoints[0].Argument(), diff)
			}
		})
	}
}
