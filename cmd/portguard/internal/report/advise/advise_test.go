package advise

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/portrange"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
	"portguard/systemd/dropin"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

var incidentFacts = Facts{Ephemeral: reporttest.Ephemeral, Reserved: reporttest.Reserved}

// advised are the lines for a report. Each has a form that a test follows, to see it do what it says.
func advised(t *testing.T, judge decide.Judge, facts Facts, outcomes ...wrapper.Outcome) []string {
	t.Helper()
	return advisedBeside(t, nil, judge, facts, outcomes...)
}

// advisedBeside are those for a service that portguard guards by this drop-in.
func advisedBeside(t *testing.T, guard *dropin.DropIn, judge decide.Judge, facts Facts, outcomes ...wrapper.Outcome) []string {
	t.Helper()
	all := Commands(lines(&wrapper.Report{Outcomes: outcomes, Judge: judge}, facts, func(systemd.Unit) *dropin.DropIn { return guard }))
	for _, line := range all {
		if !reporttest.Known(line) {
			t.Errorf("no test follows %q, which is %q", line, reporttest.Form(line))
		}
	}
	return all
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
		return netdiag.Holder{Kind: k, Socket: reporttest.Connection(s), Owners: []owner.Process{{PID: 1988719, Command: "java"}}}
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
	remains := netdiag.Holder{Kind: netdiag.Remains, Socket: reporttest.Connection(sockdiag.TimeWait), Absence: netdiag.Ownerless}
	listener := owned(netdiag.Listener, sockdiag.Listen)
	manager := listener
	manager.Owners = []owner.Process{{PID: 1, Exe: "/usr/lib/systemd/systemd", Cgroup: "/init.scope"}}
	manager.Cgroup = "/system.slice/knxd.socket"
	session := listener
	session.Owners = []owner.Process{{PID: 96, Command: "sshd"}}
	judge := reporttest.Willing
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
		{"in another pid namespace", netdiag.Taken, []netdiag.Holder{{Kind: netdiag.Client, Socket: reporttest.Connection(sockdiag.Established), Absence: netdiag.OtherPIDNamespace}}, []string{wait, reserve}},
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
			got := advised(t, reporttest.Willing, incidentFacts, tt.outcomes...)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// For an address that the host does not have yet it is waited, if it comes by itself.
func TestAdviseWhereTheAddressIsLacking(t *testing.T) {
	for _, tt := range []struct {
		why  netdiag.LackReason
		want []string
	}{
		{netdiag.Tentative, []string{"portguard --wait 60s -p 30010 -- COMMAND"}},
		{netdiag.Elsewhere, nil},
		{netdiag.IPv6Off, nil},
	} {
		o := reporttest.Incident()
		o.Trial.Verdict, o.Holders, o.Lack.Why = netdiag.NoAddress, nil, tt.why
		if diff := cmp.Diff(tt.want, advised(t, reporttest.Willing, incidentFacts, o), equateEmpty); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.why, diff)
		}
	}
}

// Beside what helps now there is how a program is to be started that the hold would cost a socket.
func TestAdviseAReservation(t *testing.T) {
	const want = "portguard --hold none --reserve -p 30010 -- COMMAND"
	for _, costs := range []bool{false, true} {
		o := reporttest.Incident()
		o.HoldCosts = costs
		all := advised(t, reporttest.Willing, incidentFacts, o)
		if got := all[len(all)-1] == want; got != costs {
			t.Errorf("costs a socket %v: the last advice is %q", costs, all[len(all)-1])
		}
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
			for _, line := range advised(t, reporttest.Willing, Facts{Ephemeral: tt.whole, Reserved: incidentFacts.Reserved}, o) {
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
