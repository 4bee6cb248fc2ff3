package netdiag_test

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/sockdiag"
)

// listsBound reports whether the kernel's tables have TCP sockets that are bound and neither listen nor are connected, as
// they do since Linux 6.8.
func listsBound(t *testing.T) bool {
	t.Helper()
	const port = 1999
	fd, err := options("127.0.0.1").Bind(port)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	diag, err := sockdiag.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer diag.Close()
	sockets, err := diag.Dump(t.Context(), sockdiag.Query{
		Protocol: uint8(netdiag.TCP), Ports: []sockdiag.PortRange{{First: port, Last: port}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(sockets) > 0
}

// missesMapped reports whether bind() to a v4-mapped address passes over a holder on ::ffff:0.0.0.0, as in Linux 6.1.
func missesMapped(t *testing.T) bool {
	t.Helper()
	const port = 1998
	holder, err := options("::ffff:0.0.0.0").Bind(port)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(holder)
	fd, err := options("::ffff:127.0.0.1").Bind(port)
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
}

// staleReuse reports whether bind() counts on the SO_REUSEADDR that a holder had when it was bound, as before Linux 6.9.
// listen() looks at the holder itself.
func staleReuse(t *testing.T) bool {
	t.Helper()
	const port = 1997
	holder, err := options("127.0.0.1 reuseaddr").Bind(port)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(holder)
	if err := unix.SetsockoptInt(holder, unix.SOL_SOCKET, unix.SO_REUSEADDR, 0); err != nil {
		t.Fatal(err)
	}
	fd, err := options("127.0.0.1 reuseaddr").Bind(port)
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
}

// oneForAllIPv6 reports whether a service on 127.0.0.6 conflicts with connections on any IPv6 address, as it does before
// Linux 6.1: the kernel keeps 127.0.0.6 as the IPv4 address of them all, and since then does not look there any more.
func oneForAllIPv6(t *testing.T) bool {
	t.Helper()
	listener, at := listenFD(t, "::1")
	defer unix.Close(listener)
	client, err := options("::1").Socket()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(client)
	if err := unix.Connect(client, at); err != nil {
		t.Fatal(err)
	}
	local, err := unix.Getsockname(client)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := options("127.0.0.6").Bind(uint16(local.(*unix.SockaddrInet6).Port))
	if err == nil {
		unix.Close(fd)
	}
	return err != nil
}

// lacks is what this kernel does in another way than those that random situations are made for.
type lacks struct{ bound, remains, orphans, missed, oldRule, stale bool }

func lacksOf(t *testing.T, l *lab) lacks {
	t.Helper()
	k := lacks{
		bound: !listsBound(t), remains: !l.rig.Destroys(t, holders.TimeWait), orphans: !l.rig.Destroys(t, holders.FinWait1Orphan),
		missed: missesMapped(t), oldRule: oneForAllIPv6(t), stale: staleReuse(t),
	}
	for _, says := range []struct {
		lacks bool
		what  string
	}{
		{k.remains, "without TIME_WAIT and FIN_WAIT2 of nobody, which the test cannot take away"},
		{k.orphans, "without orphans, which the test cannot take away"},
		{k.missed, "without holders on ::ffff:0.0.0.0, which bind() to another v4-mapped address passes over (a bug)"},
		{k.oldRule, "without services on 127.0.0.6, which conflict with IPv6 sockets"},
		{k.stale, "without holders that cleared their SO_REUSEADDR: bind() still counts on it, and then listen() fails"},
	} {
		if says.lacks {
			t.Log("on this kernel: " + says.what)
		}
	}
	return k
}

// leavesOut tells the holders that random situations have to do without.
func (k lacks) leavesOut(s holders.Spec) bool {
	switch {
	case s.Protocol != unix.IPPROTO_TCP:
		return false
	case s.Addr.Is4In6() && s.Addr.Unmap().IsUnspecified() && k.missed:
		return true
	}
	switch s.State {
	case holders.TimeWait, holders.FinWait2Orphan:
		return k.remains
	case holders.FinWait1Orphan, holders.LastAckOrphan:
		return k.orphans
	}
	return false
}

// avoids tells the services that random situations have to do without.
func (k lacks) avoids(e netdiag.Endpoint) bool {
	return k.oldRule && e.Protocol == netdiag.TCP && e.Addr == netip.AddrFrom4([4]byte{127, 0, 0, 6})
}
