package netdiag_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

func TestTryAsksTheKernel(t *testing.T) {
	l := newLab(t)
	listener := spec(holders.Listen, holders.Named, "10.99.0.1")
	guest := spec(holders.Listen, holders.Named, "192.0.2.1 freebind")
	everywhere := spec(holders.Listen, holders.Named, "::")
	for _, tt := range []struct {
		name    string
		holder  *holders.Spec
		service string
		want    netdiag.Verdict
		errno   unix.Errno
	}{
		{"a free port", nil, "*", netdiag.Free, 0},
		{"a free UDP port", nil, "udp *", netdiag.Free, 0},
		{"a free port of one address", nil, "10.99.0.1", netdiag.Free, 0},
		{"a v4-mapped address", nil, "::ffff:10.99.0.1", netdiag.Free, 0},
		{"a listener", &listener, "*", netdiag.Taken, unix.EADDRINUSE},
		{"a listener on another address", &listener, "10.99.0.2", netdiag.Free, 0},
		{"an IPv4 listener, and IPv6 alone wanted", &listener, ":: v6only", netdiag.Free, 0},
		{"TCP does not hold UDP's ports", &listener, "udp *", netdiag.Free, 0},
		{"an address of another host", nil, "192.0.2.1", netdiag.NoAddress, unix.EADDRNOTAVAIL},
		{"an IPv6 address of another host", nil, "2001:db8::1", netdiag.NoAddress, unix.EADDRNOTAVAIL},
		{"the same for UDP", nil, "udp 192.0.2.1", netdiag.NoAddress, unix.EADDRNOTAVAIL},
		{"an address of another host, bound all the same", nil, "192.0.2.1 freebind", netdiag.Free, 0},
		{"an IPv6 address of another host, bound all the same", nil, "2001:db8::1 freebind", netdiag.Free, 0},
		{"the same, v4-mapped", nil, "::ffff:192.0.2.1 freebind", netdiag.Free, 0},
		{"the same for UDP", nil, "udp 192.0.2.1 freebind", netdiag.Free, 0},
		{"the same for UDP over IPv6", nil, "udp 2001:db8::1 freebind", netdiag.Free, 0},
		{"an address of another host that a listener has", &guest, "192.0.2.1 freebind", netdiag.Taken, unix.EADDRINUSE},
		{"a listener there, and another address wanted", &guest, "192.0.2.2 freebind", netdiag.Free, 0},
		{"a listener there, and every address wanted", &guest, "*", netdiag.Taken, unix.EADDRINUSE},
		{"a listener on every address", &everywhere, "192.0.2.1 freebind", netdiag.Taken, unix.EADDRINUSE},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l.port++
			if tt.holder != nil {
				l.rig.Hold(t, l.port, *tt.holder)
			}
			trial := netdiag.Try(service(tt.service, l.port))
			defer trial.Close()
			if trial.Verdict != tt.want || trial.Errno != tt.errno {
				t.Errorf("%s (%v), want %s (%v)", trial.Verdict, trial.Errno, tt.want, tt.errno)
			}
			if open := trial.FD >= 0; open != (tt.want == netdiag.Free && trial.Claim.Addr.IsValid() && service(tt.service, 1).Protocol == netdiag.TCP) {
				t.Errorf("fd %d", trial.FD)
			}
		})
	}
}

// The trial must not be more privileged than the service: it is the caller's business to try as the right user.
func TestTryIsForbiddenAPrivilegedPort(t *testing.T) {
	nstest.Sysctl(t, "net.ipv4.ip_unprivileged_port_start", "1024")
	for _, text := range []string{"*", "0.0.0.0", "udp *"} {
		var trial netdiag.Trial
		nstest.As(t, nobody, func() { trial = netdiag.Try(service(text, 80)) })
		if trial.Verdict != netdiag.Forbidden || trial.Errno != unix.EACCES || trial.FD != -1 {
			t.Errorf("%s as an ordinary user: %s (%v), fd %d", text, trial.Verdict, trial.Errno, trial.FD)
		}
		trial = netdiag.Try(service(text, 80))
		trial.Close()
		if trial.Verdict != netdiag.Free {
			t.Errorf("%s as root: %s (%v)", text, trial.Verdict, trial.Errno)
		}
	}
}

// A service on every address takes 0.0.0.0 where there is no IPv6.
func TestTryWithoutIPv6(t *testing.T) {
	l := newLab(t)
	l.hold(t, client("fd99::1")) // in the way of [::] dual-stack and of 0.0.0.0
	for _, tt := range []struct {
		service string
		port    uint16
		want    netdiag.Verdict
		errno   unix.Errno
		claim   string
	}{
		{"*", l.port + 1, netdiag.Free, 0, "0.0.0.0"},
		{"udp *", l.port + 1, netdiag.Free, 0, "0.0.0.0"},
		{"*", l.port, netdiag.Taken, unix.EADDRINUSE, "0.0.0.0"},
		{"* v6only", l.port + 1, netdiag.Unknown, unix.EAFNOSUPPORT, "::"},
		{"fd99::1", l.port + 1, netdiag.Unknown, unix.EAFNOSUPPORT, "fd99::1"},
	} {
		var trial netdiag.Trial
		withoutFamily(t, unix.AF_INET6, func() { trial = netdiag.Try(service(tt.service, tt.port)) })
		trial.Close()
		if trial.Verdict != tt.want || trial.Errno != tt.errno || trial.Claim.Addr != netip.MustParseAddr(tt.claim) {
			t.Errorf("%s: %s (%v) by %s, want %s (%v) by %s", tt.service,
				trial.Verdict, trial.Errno, trial.Claim.Addr, tt.want, tt.errno, tt.claim)
		}
	}
}

// What a rule of the cgroup refuses is forbidden, as SocketBindDeny= does; a service on every address takes the family that it allows.
func TestTryWhereTheCgroupForbids(t *testing.T) {
	l := newLab(t)
	l.port++
	for _, tt := range []struct {
		name       string
		ipv4, ipv6 bool // forbidden
		service    string
		want       netdiag.Verdict
		errno      unix.Errno
		claim      string
	}{
		{"all of it", true, true, "*", netdiag.Forbidden, unix.EPERM, "::"},
		{"all of it, UDP", true, true, "udp *", netdiag.Forbidden, unix.EPERM, "::"},
		{"all of it, one address", true, true, "10.99.0.1", netdiag.Forbidden, unix.EPERM, "10.99.0.1"},
		{"IPv6", false, true, "*", netdiag.Free, 0, "0.0.0.0"},
		{"IPv6, UDP", false, true, "udp *", netdiag.Free, 0, "0.0.0.0"},
		{"IPv6, and it is what is bound", false, true, "::", netdiag.Forbidden, unix.EPERM, "::"},
		{"IPv6, and it alone is wanted", false, true, "* v6only", netdiag.Forbidden, unix.EPERM, "::"},
		{"IPv4", true, false, "*", netdiag.Free, 0, "::"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nstest.ForbidBind(t, tt.ipv4, tt.ipv6, func() {
				trial := netdiag.Try(service(tt.service, l.port))
				trial.Close()
				if trial.Verdict != tt.want || trial.Errno != tt.errno || trial.Claim.Addr != netip.MustParseAddr(tt.claim) {
					t.Errorf("%s (%v) by %s, want %s (%v) by %s", trial.Verdict, trial.Errno, trial.Claim.Addr, tt.want, tt.errno, tt.claim)
				}
			})
		})
	}
	l.hold(t, client("10.99.0.1"))
	nstest.ForbidBind(t, false, true, func() {
		if trial := netdiag.Try(service("*", l.port)); trial.Verdict != netdiag.Taken || !trial.Claim.Addr.Is4() {
			t.Errorf("the other family is taken: %s (%v) by %s", trial.Verdict, trial.Errno, trial.Claim.Addr)
		}
	})
}

// A link-local address means nothing without its interface.
func TestTryLinkLocal(t *testing.T) {
	const addr = "fe80::99"
	nstest.Device(t, "ll0", addr+"/64")
	trial := netdiag.Try(service(addr+"%ll0", 30760))
	trial.Close()
	if trial.Verdict != netdiag.Free {
		t.Errorf("on its interface: %s (%v)", trial.Verdict, trial.Errno)
	}
	for _, zone := range []string{"lo", "none0", "4000000000"} {
		trial = netdiag.Try(service(addr+"%"+zone, 30760))
		trial.Close()
		if trial.Verdict != netdiag.NoAddress {
			t.Errorf("on %s: %s (%v), want no-address", zone, trial.Verdict, trial.Errno)
		}
	}
	trial = netdiag.Try(service(addr+"%none0 freebind", 30760))
	trial.Close()
	if trial.Verdict != netdiag.NoAddress {
		t.Errorf("IP_FREEBIND, and no interface: %s (%v), want no-address", trial.Verdict, trial.Errno)
	}
}

func TestTrialHoldsThePortAndServesNobody(t *testing.T) {
	l := newLab(t)
	l.port++
	trial := netdiag.Try(service("*", l.port))
	defer trial.Close()
	if trial.Verdict != netdiag.Free {
		t.Fatalf("%s (%v)", trial.Verdict, trial.Errno)
	}
	if flags, err := unix.FcntlInt(uintptr(trial.FD), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor flags %#x, %v: not close-on-exec", flags, err)
	}
	if listens, err := unix.GetsockoptInt(trial.FD, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || listens != 0 {
		t.Errorf("SO_ACCEPTCONN %d, %v: it listens", listens, err)
	}
	at := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr("10.99.0.1"), l.port))
	if c, err := net.DialTCP("tcp", nil, at); !errors.Is(err, unix.ECONNREFUSED) {
		if c != nil {
			c.Close()
		}
		t.Errorf("a connection to the trial: %v, want connection refused", err)
	}
	if _, err := l.rig.Make(l.port, client("10.99.0.1")); !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Errorf("connect() is handed the port: %v, want %v", err, unix.EADDRNOTAVAIL)
	}
	trial.Close()
	trial.Close()
	if trial.FD != -1 {
		t.Errorf("fd %d after Close", trial.FD)
	}
	l.rig.Hold(t, l.port, client("10.99.0.1"))
}

// Descriptor 0 is somebody else's.
func TestZeroTrialClosesNothing(t *testing.T) {
	var trial netdiag.Trial
	trial.Close()
	if _, err := unix.FcntlInt(0, unix.F_GETFD, 0); err != nil {
		t.Errorf("standard input: %v", err)
	}
}
