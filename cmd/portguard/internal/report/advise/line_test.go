package advise

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/wrapper"
)

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
			r := wrapper.Report{Judge: reporttest.Willing}
			for _, e := range endpoints {
				o := reporttest.Incident()
				o.Endpoint = e
				r.Outcomes = append(r.Outcomes, o)
			}
			facts := incidentFacts
			facts.Given = tt.given
			var waits []string
			for _, line := range Commands(Lines(&r, facts)) {
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
	facts.Given = flags.Given{Kill: []string{"--signal", "INT"}, Cut: []string{"--only", "unit=order.service"}}
	want := []string{"portguard --wait 30s -p 30010 -- COMMAND", "portguard --kill --kill-listeners --signal INT --only unit=order.service -p 30010 -- COMMAND"}
	if diff := cmp.Diff(want, advised(t, reporttest.Willing, facts, o)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
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
