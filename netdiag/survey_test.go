package netdiag_test

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/release"
	"portguard/netdiag/sockdiag"
)

func survey(t *testing.T) (*netdiag.Prober, *netdiag.Survey) {
	t.Helper()
	p := netdiag.NewProber()
	t.Cleanup(func() { p.Close() })
	s, err := p.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p, s
}

func TestSurveyTellsServicesFromClients(t *testing.T) {
	for _, tt := range []struct {
		name            string
		spec            holders.Spec
		service, client bool
		picked          bool
	}{
		{"listener", spec(holders.Listen, holders.Named, "127.0.0.1"), true, false, false},
		{"listener on a port that the kernel picked", spec(holders.Listen, holders.Picked, "127.0.0.1"), false, false, false},
		{"client", spec(holders.Established, holders.Picked, "127.0.0.1"), false, true, true},
		{"client that asked for its port", spec(holders.Established, holders.Named, "127.0.0.1"), false, true, false},
		{"TIME_WAIT", spec(holders.TimeWait, holders.Picked, "127.0.0.1"), false, true, true},
		{"UDP service", spec(holders.Bound, holders.Named, "udp 127.0.0.1"), true, false, false},
		{"UDP client", spec(holders.Bound, holders.Picked, "udp 127.0.0.1"), false, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const port = 42042
			holders.New(t).Hold(t, port, tt.spec)
			_, s := survey(t)
			proto := netdiag.Protocol(tt.spec.Protocol)
			on := func(all []sockdiag.Socket) bool {
				for _, o := range all {
					if o.Local.Port() == port {
						return true
					}
				}
				return false
			}
			if got := on(s.Services(proto)); got != tt.service {
				t.Errorf("a service: %v", got)
			}
			if got := on(s.Clients(proto)); got != tt.client {
				t.Errorf("a client: %v", got)
			}
			look := s.Look(0)
			_, picked := look.UDP[port]
			if proto == netdiag.TCP {
				for p := range look.TCP {
					picked = picked || p.Port == port
				}
			}
			if picked != tt.picked {
				t.Errorf("a port that the kernel picked: %v", picked)
			}
		})
	}
}

// What a service has accepted holds its port, but is nobody's client.
func TestSurveyLeavesOutAcceptedConnections(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:42043")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	a, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	p, s := survey(t)
	for _, o := range s.Clients(netdiag.TCP) {
		if o.Local.Port() == 42043 {
			t.Errorf("%+v is a client", o)
		}
	}
	var got []string
	for _, h := range p.Identify(t.Context(), s, s.Services(netdiag.TCP)) {
		if h.Socket.Local.Port() == 42043 {
			got = append(got, fmt.Sprintf("%s %s", h.Kind, ownedBy(h)))
		}
	}
	if diff := cmp.Diff([]string{"listener mine"}, got); diff != "" {
		t.Errorf("services (-want +got)\n%s", diff)
	}
	if bound := s.Look(0).Bound; !bound.Contains(42043) {
		t.Errorf("connect() would take 42043: bound are %s", bound)
	}
}

func TestSurveySaysWhatNobodyContests(t *testing.T) {
	const port = 42044
	holders.New(t).Hold(t, port, spec(holders.Listen, holders.Named, "0.0.0.0"))
	_, s := survey(t)
	for _, tt := range []struct {
		name, address string
		port          uint16
		want          bool
	}{
		{"what is listened on", "0.0.0.0", port, true},
		{"an address of it", "127.0.0.1", port, true},
		{"the other family", "::", port, false},
		{"another port", "0.0.0.0", port + 1, false},
	} {
		if !tt.want && !release.Since(6, 8) {
			continue // the kernel may not list all that is bound
		}
		e := netdiag.Endpoint{Protocol: netdiag.TCP, Port: tt.port, Addr: netip.MustParseAddr(tt.address), Options: netdiag.Options{V6Only: true}}
		if got := s.Contested(e); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
