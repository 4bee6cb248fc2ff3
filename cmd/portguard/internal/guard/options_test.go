package guard

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
	"portguard/wrapper/decide"
)

// parseLine is what the main command makes of its arguments.
func parseLine(args ...string) (request, error) {
	o := options{line: args}
	fs := pflag.NewFlagSet("portguard", pflag.ContinueOnError)
	fs.SetInterspersed(false)
	o.addFlags(fs)
	if err := fs.Parse(args); err != nil {
		return request{}, err
	}
	return o.parse(fs, fs.Args())
}

func TestOptionsMakeAPolicy(t *testing.T) {
	const grace = 10 * time.Second
	for _, tt := range []struct {
		flags string
		want  decide.Policy
	}{
		{"", decide.Policy{Signal: unix.SIGTERM, Grace: grace}},
		{"--share", decide.Policy{Share: true, Signal: unix.SIGTERM, Grace: grace}},
		{"--close", decide.Policy{Close: true, Signal: unix.SIGTERM, Grace: grace}},
		{"--wait 30s", decide.Policy{Wait: 30 * time.Second, Signal: unix.SIGTERM, Grace: grace}},
		{"--wait=1m30s", decide.Policy{Wait: 90 * time.Second, Signal: unix.SIGTERM, Grace: grace}},
		{"--wait forever", decide.Policy{Wait: decide.Forever, Signal: unix.SIGTERM, Grace: grace}},
		{"--kill", decide.Policy{Kill: true, Signal: unix.SIGTERM, Grace: grace}},
		{"--kill --grace 0s", decide.Policy{Kill: true, Signal: unix.SIGTERM}},
		{"--kill --signal INT", decide.Policy{Kill: true, Signal: unix.SIGINT, Grace: grace}},
		{"--kill --signal sigint", decide.Policy{Kill: true, Signal: unix.SIGINT, Grace: grace}},
		{"--kill --signal 2", decide.Policy{Kill: true, Signal: unix.SIGINT, Grace: grace}},
		{"--kill --kill-listeners", decide.Policy{Kill: true, KillListeners: true, Signal: unix.SIGTERM, Grace: grace}},
		{"--kill --dry-run", decide.Policy{Kill: true, DryRun: true, Signal: unix.SIGTERM, Grace: grace}},
		{"--kill --only user=root --only user=77 --only unit=c*", decide.Policy{Kill: true, Signal: unix.SIGTERM, Grace: grace,
			Only: decide.Only{Users: []string{"root", "77"}, Units: []string{"c*"}}}},
	} {
		t.Run(tt.flags, func(t *testing.T) {
			r, err := parseLine(append(strings.Fields(tt.flags), "-p", "30010")...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.policy); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestOptionsMakeEndpoints(t *testing.T) {
	tcp := func(port uint16, o netdiag.Options) netdiag.Endpoint {
		return netdiag.Endpoint{Protocol: netdiag.TCP, Port: port, Options: o}
	}
	var none netdiag.Options
	udp := tcp(30010, none)
	udp.Protocol = netdiag.UDP
	local, other := tcp(30010, none), tcp(30010, none)
	local.Addr, other.Addr = netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	v4, v6 := tcp(30010, netdiag.Options{V6Only: true}), tcp(30010, netdiag.Options{V6Only: true})
	v4.Addr, v6.Addr = netip.IPv4Unspecified(), netip.IPv6Unspecified()

	on := func(device string) netdiag.Endpoint {
		e := tcp(30010, none)
		e.Addr, e.Device = netip.IPv4Unspecified(), device
		return e
	}

	for _, tt := range []struct {
		flags string
		want  []netdiag.Endpoint
	}{
		{"-p 30010", []netdiag.Endpoint{tcp(30010, none)}},
		{"-p 30012,30010 -p 30011", []netdiag.Endpoint{tcp(30012, none), tcp(30010, none), tcp(30011, none)}},
		{"--port=30010-30011", []netdiag.Endpoint{tcp(30010, none), tcp(30011, none)}},
		{"-p 30010/udp,30010", []netdiag.Endpoint{udp, tcp(30010, none)}},
		{"-p 127.0.0.1:30010 -p 127.0.0.2:30010", []netdiag.Endpoint{local, other}},
		{"--v6only -p 0.0.0.0:30010 -p [::]:30010", []netdiag.Endpoint{v4, v6}},
		{"-p 30010 --reuseaddr yes", []netdiag.Endpoint{tcp(30010, netdiag.Options{ReuseAddr: netdiag.ReuseYes})}},
		{"-p 30010 --reuseaddr no", []netdiag.Endpoint{tcp(30010, netdiag.Options{ReuseAddr: netdiag.ReuseNo})}},
		{"-p 30010 --no-reuseaddr", []netdiag.Endpoint{tcp(30010, netdiag.Options{ReuseAddr: netdiag.ReuseNo})}},
		{"-p 30010 --reuseaddr no --no-reuseaddr", []netdiag.Endpoint{tcp(30010, netdiag.Options{ReuseAddr: netdiag.ReuseNo})}},
		{"-p 0.0.0.0%eth0:30010,0.0.0.0%eth1:30010", []netdiag.Endpoint{on("eth0"), on("eth1")}},
		{"-p 30010 --reuseport", []netdiag.Endpoint{tcp(30010, netdiag.Options{ReusePort: true})}},
		{"-p 30010 --reuseport --as-user root", []netdiag.Endpoint{tcp(30010, netdiag.Options{ReusePort: true, Owner: netdiag.Owner{Other: true}})}},
		{"-p 30010 --reuseport --as-user 4321", []netdiag.Endpoint{tcp(30010, netdiag.Options{ReusePort: true, Owner: netdiag.Owner{Other: true, UID: 4321}})}},
		{"-p 30010 --reuseport --as-user=", []netdiag.Endpoint{tcp(30010, netdiag.Options{ReusePort: true})}}, // a unit without User=
		{"-p 30010 --freebind", []netdiag.Endpoint{tcp(30010, netdiag.Options{FreeBind: true})}},
	} {
		t.Run(tt.flags, func(t *testing.T) {
			r, err := parseLine(strings.Fields(tt.flags)...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.endpoints, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSuperviseUsage(t *testing.T) {
	for _, args := range [][]string{
		{"--restart", "sometimes", "-p", "1", "--", "true"},
		{"--restart", "no", "-p", "1"},
		{"--restart", "no", "--json", "-p", "1", "--", "true"},
		{"--restart", "no", "--hold", "fdstore", "-p", "1", "--", "true"},
		{"--restart", "no", "--restart-limit", "5", "-p", "1", "--", "true"},
		{"--restart", "no", "--restart-limit", "0/1m", "-p", "1", "--", "true"},
		{"--restart", "no", "--restart-delay", "-1s", "-p", "1", "--", "true"},
		{"--stop-timeout", "1s", "-p", "1", "--", "true"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			if _, err := parseLine(args...); cli.Status(err) != cli.ExitUsage {
				t.Errorf("%v", err)
			}
		})
	}
}
