package hold

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// shapes are what services bind on one port, in their order. "::" is dual-stack.
func shapes() [][]string {
	return [][]string{
		{"0.0.0.0"}, {"::"}, {":: v6only"}, {"0.0.0.0", ":: v6only"}, {":: v6only", "0.0.0.0"},
		{"127.0.0.1"}, {"::1"}, {"::ffff:127.0.0.1"}, {"127.0.0.1", "::1"}, {"::1", "127.0.0.1"}, {"127.0.0.1", "127.0.0.2"},
		{"0.0.0.0", "::1"}, {":: v6only", "127.0.0.1"},
		{"192.0.2.1 freebind"}, {"2001:db8::1 freebind"}, // addresses of another host
	}
}

// shapeOf are the sockets of a service of that shape.
func shapeOf(shape []string, reuse bool) []holders.Options {
	var all []holders.Options
	for _, e := range on(1, netdiag.ReuseNo, shape...) {
		c := e.Claims(0)[0]
		all = append(all, holders.Options{Protocol: unix.IPPROTO_TCP, Addr: c.Addr, V6Only: c.V6Only, ReuseAddr: reuse, FreeBind: e.FreeBind})
	}
	return all
}

// holding is what portguard is told of a service on one port.
type holding struct {
	addrs []string
	said  netdiag.Reuse
}

func (h holding) String() string {
	return strings.Join(h.addrs, ", ") + map[netdiag.Reuse]string{
		netdiag.ReuseNotSaid: "", netdiag.ReuseYes: " --reuseaddr yes", netdiag.ReuseNo: " --reuseaddr no",
	}[h.said]
}

// holdings are all: the endpoints as the service binds them, or no address.
func holdings() []holding {
	var all []holding
	for _, addrs := range append(shapes(), []string{"*"}, []string{"* v6only"}) {
		for _, said := range []netdiag.Reuse{netdiag.ReuseNotSaid, netdiag.ReuseYes, netdiag.ReuseNo} {
			all = append(all, holding{addrs, said})
		}
	}
	return all
}

// try tries endpoints, as a start of the service does.
func try(endpoints []netdiag.Endpoint) []*netdiag.Finding {
	var all []*netdiag.Finding
	for _, e := range endpoints {
		all = append(all, &netdiag.Finding{Endpoint: e, Trial: netdiag.Try(e)})
	}
	return all
}

func release(all []*netdiag.Finding) {
	for _, f := range all {
		f.Trial.Close()
	}
}

// take exchanges trials of the endpoints for their placeholders.
func (h holding) take(t *testing.T, port uint16) Placeholders {
	t.Helper()
	free := try(on(port, h.said, h.addrs...))
	for _, f := range free {
		if f.Trial.Verdict != netdiag.Free {
			t.Fatalf("%s: not free before", h)
		}
	}
	return Take(free)
}

// starts binds what the service binds, and listens, and lets go.
func starts(t *testing.T, shape []string, reuse bool, port uint16) (bound []netdiag.Claim, err error) {
	t.Helper()
	for i, e := range on(port, netdiag.ReuseNotSaid, shape...) {
		c := e.Claims(0)[0]
		c.ReuseAddr = reuse
		bound = append(bound, c)
		fd, failed := shapeOf(shape, reuse)[i].Bind(port)
		if failed == nil {
			defer unix.Close(fd)
			failed = unix.Listen(fd, 1)
		}
		if err == nil {
			err = failed
		}
	}
	return bound, err
}

// Every service is started under every hold. Suits foretells each, and of those that portguard was told the truth about none
// fails to start but these, which do without SO_REUSEADDR.
func TestPlaceholderIsInNoServicesWay(t *testing.T) {
	const port = 25000
	want := []string{ // no address is out of the way of all that they bind
		"0.0.0.0, :: v6only: 0.0.0.0, :: v6only",
		":: v6only, 0.0.0.0: :: v6only, 0.0.0.0",
		"::: ::",
		"*: ::",
		"*: :: v6only",
		"*: 0.0.0.0, :: v6only",
		"*: :: v6only, 0.0.0.0",
		"*: :: v6only, 127.0.0.1",
	}
	var got []string
	for _, h := range holdings() {
		for _, shape := range shapes() {
			for _, reuse := range []bool{true, false} {
				name := h.String() + ": " + strings.Join(shape, ", ")
				if _, err := starts(t, shape, reuse, port); err != nil {
					t.Fatalf("%s: fails without a hold: %v", name, err)
				}
				held := h.take(t, port)
				bound, err := starts(t, shape, reuse, port)
				suits := Suits(on(port, h.said, h.addrs...), bound)
				if anyHeld := held[0].FD >= 0; (err == nil) != (suits || !anyHeld) || suits && !anyHeld {
					t.Errorf("%s, SO_REUSEADDR %v: suits %v, held %v, but it starts: %v", name, reuse, suits, anyHeld, err)
				}
				held.Close()
				told := slices.Equal(h.addrs, shape) || h.addrs[0] == "*"
				if lied := h.said == netdiag.ReuseYes && !reuse; err != nil && told && !lied {
					got = append(got, name)
					if reuse {
						t.Errorf("%s: sets SO_REUSEADDR, and fails: %v", name, err)
					}
				}
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("starts that fail (-want +got)\n%s", diff)
	}
}

// A program that listens, and would not start whole under the hold, is noticed.
func TestListenersThatTheHoldWouldCostASocket(t *testing.T) {
	const port = 25150
	nstest.Root(t) // to ask the sockets
	for _, tt := range []struct {
		endpoints string // with commas
		said      netdiag.Reuse
		service   string
		reuse     bool
		want      bool
	}{
		{"*", netdiag.ReuseNotSaid, "0.0.0.0, :: v6only", false, true},
		{"*", netdiag.ReuseNotSaid, "::", false, true},
		{"*", netdiag.ReuseNotSaid, "::", true, false},
		{"*", netdiag.ReuseNotSaid, "0.0.0.0", false, false},
		{"*", netdiag.ReuseNotSaid, "127.0.0.1, ::1", false, false},
		{"*", netdiag.ReuseYes, "0.0.0.0", false, true}, // it was told something wrong
		{"*", netdiag.ReuseNo, "::", false, false},      // nothing holds it
		{"0.0.0.0, :: v6only", netdiag.ReuseNotSaid, "0.0.0.0, :: v6only", false, true},
		{"127.0.0.1, ::1", netdiag.ReuseNotSaid, "127.0.0.1, ::1", false, false},
	} {
		h := holding{strings.Split(tt.endpoints, ", "), tt.said}
		t.Run(fmt.Sprintf("%s: %s, %v", h, tt.service, tt.reuse), func(t *testing.T) {
			for _, o := range shapeOf(strings.Split(tt.service, ", "), tt.reuse) {
				fd, err := o.Bind(port)
				if err != nil {
					t.Fatal(err)
				}
				defer unix.Close(fd)
				if err := unix.Listen(fd, 1); err != nil {
					t.Fatal(err)
				}
			}
			found := try(on(port, h.said, h.addrs...))
			defer release(found)
			p := netdiag.NewProber()
			defer p.Close()
			if err := p.Explain(t.Context(), found); err != nil {
				t.Fatal(err)
			}
			if got := Costly(found)[found[0].Endpoint.Key()]; got != tt.want {
				t.Errorf("costly: %v", got)
			}
		})
	}
}

// Endpoints of one port have one placeholder, but where each is covered.
func TestOnePlaceholderAPort(t *testing.T) {
	const port = 25000
	two := func(said netdiag.Reuse) []netdiag.Endpoint {
		return append(on(port, said, "127.0.0.1", "::1"), on(port+1, said, "127.0.0.1", "::1")...)
	}
	for _, tt := range []struct {
		said netdiag.Reuse
		want []string
	}{
		{netdiag.ReuseNotSaid, []string{"100::1 2", "100::1 2"}},
		{netdiag.ReuseNo, []string{"100::1 2", "100::1 2"}},
		{netdiag.ReuseYes, []string{"127.0.0.1 1", "::1 1", "127.0.0.1 1", "::1 1"}},
	} {
		t.Run(holding{[]string{"two"}, tt.said}.String(), func(t *testing.T) {
			held := Take(try(two(tt.said)))
			defer held.Close()
			var got []string
			for _, p := range held {
				got = append(got, fmt.Sprintf("%s %d", p.Where, len(p.Endpoints)))
				if p.FD < 0 {
					t.Errorf("%s is not held: %s", p.Where, p.Why)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The kernel has nothing but the port to pick from, and does not hand it out.
func TestPlaceholderKeepsOut(t *testing.T) {
	const port, server = 25100, 25101
	var listeners []unix.Sockaddr
	for _, a := range []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()} {
		fd, err := (holders.Options{Protocol: unix.IPPROTO_TCP, Addr: a}).Bind(server)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		if err := unix.Listen(fd, 128); err != nil { // nobody accepts
			t.Fatal(err)
		}
		at, err := unix.Getsockname(fd)
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, at)
	}
	// What takes the port picked for it, with or without SO_REUSEADDR, and lets go.
	connecting := func(a netip.Addr, to unix.Sockaddr) func(bool) error {
		return func(reuse bool) error {
			fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: a, ReuseAddr: reuse}.Socket()
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) // leaves no TIME_WAIT
			return unix.Connect(fd, to)
		}
	}
	binding := func(a netip.Addr) func(bool) error {
		return func(reuse bool) error {
			fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: a, ReuseAddr: reuse}.Bind(0)
			if err == nil {
				unix.Close(fd)
			}
			return err
		}
	}
	for _, tt := range []struct {
		name string
		want error
		take map[string]func(reuse bool) error
		// only where the placeholder covers the endpoint: the others keep connect() out alone
		covering bool
	}{
		{"connect", unix.EADDRNOTAVAIL, map[string]func(bool) error{
			"IPv4": connecting(netip.AddrFrom4([4]byte{127, 0, 0, 1}), listeners[0]), "IPv6": connecting(netip.IPv6Loopback(), listeners[1]),
		}, false},
		{"bind", unix.EADDRINUSE, map[string]func(bool) error{
			"0.0.0.0": binding(netip.IPv4Unspecified()), "127.0.0.1": binding(netip.AddrFrom4([4]byte{127, 0, 0, 1})), "::": binding(netip.IPv6Unspecified()),
		}, true},
	} {
		for _, h := range holdings() {
			if tt.covering && h.String() != "* --reuseaddr yes" {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", tt.name, h), func(t *testing.T) {
				nstest.SetRange(t, port, port)
				held := h.take(t, port)
				if held[0].FD < 0 {
					if p := planPort(on(port, h.said, h.addrs...)); p.why == "" {
						t.Fatalf("not held: %s", held[0].Why)
					}
					return
				}
				for how, take := range tt.take {
					for _, reuse := range []bool{false, true} {
						if tt.covering && reuse {
							continue // with SO_REUSEADDR it may share the port: so may the service with it
						}
						if err := take(reuse); !errors.Is(err, tt.want) {
							t.Errorf("%s, SO_REUSEADDR %v: %v, want %v", how, reuse, err, tt.want)
						}
					}
				}
				held.Close()
				for how, take := range tt.take {
					if err := take(false); err != nil {
						t.Errorf("%s, when nothing holds the port: %v", how, err)
					}
				}
			})
		}
	}
}

// A rule of the cgroup is about placeholders as well. Where it leaves them IPv4, one that is out of the service's way is there.
func TestHoldWhereTheCgroupForbids(t *testing.T) {
	for _, tt := range []struct {
		name       string
		ipv4, ipv6 bool // forbidden
		addr       string
		where, why string
	}{
		{"IPv6, and one IPv4 address is wanted", false, true, "127.0.0.1", "127.255.255.254", ""},
		{"IPv6, and every address is wanted", false, true, "*", "invalid IP",
			"a rule of this cgroup (SocketBindDeny=) forbids [100::1]:23050, which would be out of the service's way; SocketBindAllow=tcp:23050 beside it allows it"},
		{"IPv4, and every address is wanted", true, false, "*", "100::1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nstest.ForbidBind(t, tt.ipv4, tt.ipv6, func() {
				all := holding{[]string{tt.addr}, netdiag.ReuseNotSaid}.take(t, 23050)
				defer all.Close()
				if len(all) != 1 || all[0].Where.String() != tt.where || all[0].Why != tt.why {
					t.Errorf("%+v, want one at %s: %s", all, tt.where, tt.why)
				}
			})
		})
	}
}
