package report

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
	"portguard/wrapper"
)

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
		{"client that is connected to itself", netdiag.Taken, []netdiag.Holder{itself}, []string{wait, cut, reserve}},
		{"accepted", netdiag.Taken, []netdiag.Holder{owned(netdiag.Accepted, sockdiag.Established)}, []string{share, wait, cut}},
		{"bound, where nothing can be cut", netdiag.Taken, []netdiag.Holder{owned(netdiag.Bound, sockdiag.Close)}, []string{share, wait, kill}},
		{"remains", netdiag.Taken, []netdiag.Holder{remains}, []string{share, waitOut, cut}},
		{"client and remains", netdiag.Taken, []netdiag.Holder{client, remains}, []string{share, wait, cut, reserve}},
		{"listener", netdiag.Taken, []netdiag.Holder{listener}, []string{wait, killOther}},
		{"listener and client", netdiag.Taken, []netdiag.Holder{listener, client}, []string{wait, killOther, reserve}},
		{"kernel", netdiag.Taken, []netdiag.Holder{{Kind: netdiag.Kernel, Absence: netdiag.OfKernel}}, nil},
		{"nobody shows", netdiag.Taken, nil, []string{wait}},
		{"address not there", netdiag.NoAddress, nil, []string{"portguard --wait 60s -p 30010 -- COMMAND", "portguard --freebind -p 30010 -- COMMAND"}},
		{"free", netdiag.Free, nil, nil},
		{"forbidden", netdiag.Forbidden, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := reporttest.Incident()
			o.Trial.Verdict, o.Holders = tt.verdict, tt.holders
			var got []string
			for _, a := range Advise(&o, willing, incidentFacts) {
				got = append(got, a.Command)
			}
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
		all := Advise(&o, willing, incidentFacts)
		last := all[len(all)-1]
		if got := last.when == "always" && last.Command == want; got != costs {
			t.Errorf("costs a socket %v: the last advice is %+v", costs, last)
		}
	}
}

// willing knows of nothing that speaks against a rung.
var willing = wrapper.Judge{Services: map[string]wrapper.Service{"order.service": {Service: systemd.Service{
	LoadState: "loaded", ActiveState: "active", ControlGroup: "/system.slice/order.service", KillMode: "control-group",
}}}}

// What this run has found not possible is not advised again, unless another holder is left that it was possible for.
func TestAdviseNothingRefused(t *testing.T) {
	first, second := reporttest.Incident().Holders[0], reporttest.Incident().Holders[0]
	second.Socket.Inode++
	second.Socket.Cookie++
	no := func(r wrapper.Rung) wrapper.Action {
		return wrapper.Action{Rung: r, Holder: &first, Result: wrapper.NotPossible}
	}
	failed := wrapper.Action{Rung: wrapper.Close, Holder: &first, Result: wrapper.Failed}

	for _, tt := range []struct {
		name    string
		holders []netdiag.Holder
		actions []wrapper.Action
		want    []string
	}{
		{"nothing was tried", []netdiag.Holder{first}, nil, []string{"--share", "--wait", "--close", "--restart-unit"}},
		{"close", []netdiag.Holder{first}, []wrapper.Action{no(wrapper.Close)}, []string{"--share", "--wait", "--restart-unit"}},
		{"every rung but the last", []netdiag.Holder{first}, []wrapper.Action{no(wrapper.Share), no(wrapper.Close), no(wrapper.RestartUnit)}, []string{"--wait", "--kill"}},
		{"close for one of two", []netdiag.Holder{first, second}, []wrapper.Action{no(wrapper.Close)}, []string{"--share", "--wait", "--close", "--restart-unit"}},
		{"close for one that has gone", []netdiag.Holder{second}, []wrapper.Action{no(wrapper.Close)}, []string{"--share", "--wait", "--close", "--restart-unit"}},
		{"close, which failed", []netdiag.Holder{first}, []wrapper.Action{failed}, []string{"--share", "--wait", "--restart-unit"}},
		{"close, which failed for one that has gone", []netdiag.Holder{second}, []wrapper.Action{failed}, []string{"--share", "--wait", "--close", "--restart-unit"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := reporttest.Incident()
			o.Holders, o.Actions = tt.holders, tt.actions
			var got []string
			for _, a := range Advise(&o, willing, incidentFacts) {
				if a.when == "now" {
					got = append(got, strings.Fields(a.Command)[1])
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
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
		{"bound", bound, []string{"--share", "--wait"}},
		{"listener", listener, []string{"--wait"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, a := range Advise(&tt.outcome, judge, incidentFacts) {
				if a.when == "now" {
					got = append(got, strings.Fields(a.Command)[1])
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Whoever follows the advice tries what this run has tried: every endpoint, with the options that its flags gave it.
func TestAdviseTheSameEndpoints(t *testing.T) {
	for _, tt := range []struct {
		name, ports string
		opts        netdiag.Options
		want        string
	}{
		{"an option", "30010", netdiag.Options{ReuseAddr: netdiag.ReuseNo}, "portguard --wait 30s --no-reuseaddr -p 30010 -- COMMAND"},
		{"every option", "30010", netdiag.Options{ReuseAddr: netdiag.ReuseYes, ReusePort: true, V6Only: true}, "portguard --wait 30s --reuseaddr yes --reuseport --v6only -p 30010 -- COMMAND"},
		{"several", "4502,59182,59183", netdiag.Options{}, "portguard --wait 30s -p 4502,59182,59183 -- COMMAND"},
		{"a range", "30000-34999", netdiag.Options{}, "portguard --wait 30s -p 30000-34999 -- COMMAND"},
		{"brackets, which zsh takes for a pattern", "[2001:db8::1]:80", netdiag.Options{}, "portguard --wait 30s -p '[2001:db8::1]:80' -- COMMAND"},
		{"more than a line holds", strings.Repeat("1,3,", 100) + "5", netdiag.Options{V6Only: true}, "portguard --wait 30s --v6only -p ENDPOINTS -- COMMAND"},
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
			for i := range r.Outcomes {
				var waits []string
				for _, a := range Advise(&r.Outcomes[i], r.Judge, incidentFacts.about(&r)) {
					if strings.Contains(a.Command, "--wait") {
						waits = append(waits, a.Command)
					}
				}
				if diff := cmp.Diff([]string{tt.want}, waits); diff != "" {
					t.Errorf("%s (-want +got)\n%s", r.Outcomes[i].Endpoint, diff)
				}
			}
		})
	}
}

// The sysctl is advised only where it changes anything.
func TestAdviseReservation(t *testing.T) {
	for _, tt := range []struct {
		name string
		port uint16
		want bool
	}{{"in the range", 30010, true}, {"reserved already", 8080, false}, {"outside the range", 1000, false}} {
		t.Run(tt.name, func(t *testing.T) {
			o := reporttest.Incident()
			o.Endpoint.Port = tt.port
			got := false
			for _, a := range Advise(&o, willing, incidentFacts) {
				got = got || a.when == "always"
			}
			if got != tt.want {
				t.Errorf("advised: %v, want %v", got, tt.want)
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
