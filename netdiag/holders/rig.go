package holders

import (
	"fmt"
	"net/netip"
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// Rig makes holders in one network namespace, one at a time: while the kernel picks a port, ip_local_port_range is
// narrowed to the one wanted, and no other connect() or bind(0) in the namespace gets any other.
type Rig struct {
	mu        sync.Mutex
	portRange []byte          // as the rig found it
	used      map[uint16]bool // ports of holders, of now and before
}

const portRangeFile = "/proc/sys/net/ipv4/ip_local_port_range"

// New returns a rig for the namespace that the test runs in. FIN_WAIT2 and TIME_WAIT last 60 s in it, or until the test ends.
func New(t testing.TB) *Rig {
	t.Helper()
	nstest.Sysctl(t, "net.ipv4.tcp_fin_timeout", "60") // a longer one would keep full sockets in FIN_WAIT2
	before, err := os.ReadFile(portRangeFile)
	if err != nil {
		t.Fatal(err)
	}
	r := &Rig{portRange: before, used: map[uint16]bool{}}
	t.Cleanup(func() { r.sweep(t) })
	return r
}

// Hold makes the holder on a port that must be free or shareable, and closes it with the test.
func (r *Rig) Hold(t testing.TB, port uint16, spec Spec) *Holder {
	t.Helper()
	h, err := r.Make(port, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// Make is Hold for callers that close the holder themselves. Several Picked clients may share a port: each has a peer
// with a port of its own.
func (r *Rig) Make(port uint16, spec Spec) (*Holder, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used[port] = true
	h := &Holder{Spec: spec, FD: -1, Peer: -1}
	if err := r.build(h, port); err != nil {
		h.Close()
		return nil, fmt.Errorf("holder on %d (%s): %w", port, spec, err)
	}
	return h, nil
}

func (r *Rig) build(h *Holder, port uint16) error {
	if err := h.Spec.check(); err != nil {
		return err
	}
	if err := r.open(h, port); err != nil {
		return err
	}
	var err error
	if h.Local, err = localAddr(h.FD); err != nil {
		return err
	}
	if h.Local.Port() != port {
		return fmt.Errorf("the kernel gave port %d", h.Local.Port())
	}
	if !h.Local.Addr().Is4() {
		v6only, err := unix.GetsockoptInt(h.FD, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
		if err != nil {
			return os.NewSyscallError("IPV6_V6ONLY", err)
		}
		h.V6Only = v6only != 0
	}
	return h.bring()
}

// open gives the holder its port, and a connection when its state needs one.
func (r *Rig) open(h *Holder, port uint16) (err error) {
	if h.Origin.accepted() {
		return h.accept(port)
	}
	pick := func(f func() error) error { return f() }
	if h.Origin == Named {
		h.FD, err = h.Options.Bind(port)
	} else {
		h.FD, err = h.Options.Socket()
		pick = func(f func() error) error { return r.narrowed(port, f) }
	}
	switch {
	case err != nil:
		return err
	case h.State.connected() && h.Protocol == unix.IPPROTO_UDP:
		return pick(func() error { return connect(h.FD, netip.AddrPortFrom(h.Addr, discard)) })
	case h.State.connected():
		return h.connect(pick)
	case h.Origin == Named:
		return nil
	case h.Protocol == unix.IPPROTO_UDP:
		return pick(h.send)
	}
	return pick(func() error {
		return os.NewSyscallError("bind", unix.Bind(h.FD, sockaddr(netip.AddrPortFrom(h.Addr, 0))))
	})
}

// narrowed runs f while the kernel picks this port or none.
func (r *Rig) narrowed(port uint16, f func() error) (err error) {
	if err := os.WriteFile(portRangeFile, fmt.Appendf(nil, "%d %d", port, port), 0); err != nil {
		return err
	}
	defer func() {
		if restore := os.WriteFile(portRangeFile, r.portRange, 0); err == nil {
			err = restore
		}
	}()
	return f()
}

const discard = 9 // the port of the discard service: nobody answers

func (h *Holder) send() error {
	to := netip.IPv6Loopback()
	if h.Addr.Is4() || h.Addr.Is4In6() {
		to = inFamilyOf(h.Addr, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	return os.NewSyscallError("sendto", unix.Sendto(h.FD, []byte("x"), 0, sockaddr(netip.AddrPortFrom(to, discard))))
}
