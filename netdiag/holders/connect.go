package holders

import (
	"errors"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// connect makes the holder a client of a listener of its own, which is gone afterwards. The peer of a client that is to
// stay in SYN_SENT is the listener, which hears nothing. pick runs the system call that gives the client its port.
func (h *Holder) connect(pick func(func() error) error) error {
	listener, at, err := listen(Options{Protocol: unix.IPPROTO_TCP, Addr: h.Addr.Unmap()}, 0)
	if err != nil {
		return err
	}
	to := netip.AddrPortFrom(inFamilyOf(h.Addr, at.Addr()), at.Port())
	if h.State == SynSent {
		h.Peer = listener
		return h.knock(to, pick)
	}
	defer unix.Close(listener)
	if err := pick(func() error { return connect(h.FD, to) }); err != nil {
		return err
	}
	h.Peer, err = accept(listener)
	return err
}

// knock sends a SYN that the peer drops.
func (h *Holder) knock(to netip.AddrPort, pick func(func() error) error) error {
	if err := deafen(h.Peer); err != nil {
		return err
	}
	if err := unix.SetNonblock(h.FD, true); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	err := pick(func() error { return connect(h.FD, to) })
	switch {
	case err == nil:
		return errors.New("connect did not stay in progress")
	case errors.Is(err, unix.EINPROGRESS):
		return nil
	}
	return err
}

// accept makes the holder the server side of a connection on the port, whose listener is gone.
func (h *Holder) accept(port uint16) error {
	server := h.Options
	if h.Origin == AcceptedWildcard {
		server.Addr = netip.IPv6Unspecified()
		if h.Addr.Is4() {
			server.Addr = netip.IPv4Unspecified()
		}
	}
	listener, _, err := listen(server, port)
	if err != nil {
		return err
	}
	defer unix.Close(listener)
	to := h.Addr.Unmap()
	client, err := Options{Protocol: unix.IPPROTO_TCP, Addr: to}.Socket()
	if err != nil {
		return err
	}
	h.Peer = client
	if err := connect(client, netip.AddrPortFrom(to, port)); err != nil {
		return err
	}
	if h.FD, err = accept(listener); err != nil {
		return err
	}
	return h.Options.giveAway(h.FD) // an accepted socket belongs to whoever called accept()
}

func listen(o Options, port uint16) (fd int, at netip.AddrPort, err error) {
	if fd, err = o.Bind(port); err != nil {
		return -1, netip.AddrPort{}, err
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	if err := unix.Listen(fd, 1); err != nil {
		return -1, netip.AddrPort{}, os.NewSyscallError("listen", err)
	}
	// So that accept() does not wait for ever for a connection that was lost.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		return -1, netip.AddrPort{}, os.NewSyscallError("SO_RCVTIMEO", err)
	}
	at, err = localAddr(fd)
	return fd, at, err
}

func accept(listener int) (int, error) {
	for {
		fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		if err != unix.EINTR {
			return fd, os.NewSyscallError("accept", err)
		}
	}
}

func connect(fd int, to netip.AddrPort) error {
	return os.NewSyscallError("connect", unix.Connect(fd, sockaddr(to)))
}

// deafen makes a socket drop every packet that comes from now on: nothing sent to it is ever acknowledged.
func deafen(fd int) error {
	drop := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0}
	return os.NewSyscallError("SO_ATTACH_FILTER",
		unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop}))
}

// MPTCP is a socket of MPTCP over IPv4. Without a kernel that has it the test is skipped. The caller closes it.
func MPTCP(t testing.TB) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_MPTCP)
	if errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.ENOPROTOOPT) {
		t.Skipf("no MPTCP in this kernel: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}
