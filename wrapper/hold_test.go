package wrapper

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// services are those that a placeholder has to live with: what portguard is told, and what they do.
func services() []struct {
	name     string
	endpoint string // "*" for every address
	said     netdiag.Reuse
	does     holders.Options
} {
	every, every4 := netip.IPv6Unspecified(), netip.IPv4Unspecified()
	opt := func(a netip.Addr, reuse bool) holders.Options {
		return holders.Options{Protocol: unix.IPPROTO_TCP, Addr: a, ReuseAddr: reuse}
	}
	return []struct {
		name     string
		endpoint string
		said     netdiag.Reuse
		does     holders.Options
	}{
		{"every address, not said", "*", netdiag.ReuseNotSaid, opt(every, true)},
		{"every address, and it binds IPv4 without SO_REUSEADDR", "*", netdiag.ReuseNotSaid, opt(every4, false)},
		{"every address, SO_REUSEADDR", "*", netdiag.ReuseYes, opt(every, true)},
		{"0.0.0.0, not said, without SO_REUSEADDR", "0.0.0.0", netdiag.ReuseNotSaid, opt(every4, false)},
		{"0.0.0.0, SO_REUSEADDR", "0.0.0.0", netdiag.ReuseYes, opt(every4, true)},
		{"0.0.0.0, no SO_REUSEADDR", "0.0.0.0", netdiag.ReuseNo, opt(every4, false)},
		{"127.0.0.1, not said, without SO_REUSEADDR", "127.0.0.1", netdiag.ReuseNotSaid, opt(loopback, false)},
		{"::1, not said, without SO_REUSEADDR", "::1", netdiag.ReuseNotSaid, opt(netip.IPv6Loopback(), false)},
		{"::1, SO_REUSEADDR", "::1", netdiag.ReuseYes, opt(netip.IPv6Loopback(), true)},
	}
}

// held exchanges a trial of the endpoint for its placeholder, as a start of the service does.
func held(t *testing.T, addr string, said netdiag.Reuse, port uint16) Placeholder {
	t.Helper()
	e := tcp(port)
	if addr != "*" {
		e.Addr = netip.MustParseAddr(addr)
	}
	e.ReuseAddr = said
	trial := netdiag.Try(e)
	if trial.Verdict != netdiag.Free {
		t.Fatalf("%s is %s before", e, trial.Verdict)
	}
	p := hold(e, &trial)
	trial.Close()
	if p.FD < 0 {
		t.Fatalf("nothing holds %s: %s", e, p.Why)
	}
	t.Cleanup(func() { unix.Close(p.FD) })
	return p
}

func TestPlaceholderIsInNoServicesWay(t *testing.T) {
	for i, s := range services() {
		t.Run(s.name, func(t *testing.T) {
			port := uint16(25000 + i)
			held(t, s.endpoint, s.said, port)
			fd, err := s.does.Bind(port)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			if err := unix.Listen(fd, 1); err != nil {
				t.Errorf("listen: %v", err)
			}
		})
	}
}

// The kernel has nothing but the port to pick from, and does not hand it out.
func TestPlaceholderKeepsOut(t *testing.T) {
	const port, server = 25100, 25101
	var listeners []unix.Sockaddr
	for _, a := range []netip.Addr{loopback, netip.IPv6Loopback()} {
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
			"IPv4": connecting(loopback, listeners[0]), "IPv6": connecting(netip.IPv6Loopback(), listeners[1]),
		}, false},
		{"bind", unix.EADDRINUSE, map[string]func(bool) error{
			"0.0.0.0": binding(netip.IPv4Unspecified()), "127.0.0.1": binding(loopback), "::": binding(netip.IPv6Unspecified()),
		}, true},
	} {
		for _, s := range services() {
			if tt.covering && (s.said != netdiag.ReuseYes || s.endpoint != "*") {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", tt.name, s.name), func(t *testing.T) {
				nstest.SetRange(t, port, port)
				t.Run("held", func(t *testing.T) {
					held(t, s.endpoint, s.said, port)
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
				})
				for how, take := range tt.take {
					if err := take(false); err != nil {
						t.Errorf("%s, when nothing holds the port: %v", how, err)
					}
				}
			})
		}
	}
}
