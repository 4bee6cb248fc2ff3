package wrapper

import (
	"context"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"portguard/netdiag/pidfd"
	"portguard/netdiag/sockdiag"
)

// endsOrphans reports whether SOCK_DESTROY ends an orphan: a connection that its program has closed, with data still to be
// delivered. Kernels before 6.12, unless mended since ("tcp: fix forever orphan socket caused by tcp_abort"), report success,
// and take nothing away but the timer that would have ended it: the port would stay taken as long as the peer is silent.
//
// An orphan of our own on loopback tells. Its other end is ours, too, so nothing is left of it either way.
func endsOrphans(ctx context.Context, diag *sockdiag.Conn) bool {
	orphan, peer, err := makeOrphan()
	if err != nil {
		return false
	}
	defer abortPeer(peer)
	if err := diag.Destroy(ctx, orphan); err != nil {
		return false
	}
	_, err = diag.Lookup(ctx, orphan)
	return errors.Is(err, sockdiag.ErrGone)
}

// makeOrphan makes a connection whose peer acknowledges nothing, and closes its near end after a byte.
func makeOrphan() (orphan sockdiag.Socket, peer int, err error) {
	client, peer, err := connectedPair()
	if err != nil {
		return orphan, -1, err
	}
	defer unix.Close(client)
	local, err1 := pidfd.LocalAddr(client)
	remote, err2 := pidfd.LocalAddr(peer)
	cookie, err3 := pidfd.Cookie(client)
	_, err4 := unix.Write(client, []byte{0})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		unix.Close(peer)
		return orphan, -1, err
	}
	return sockdiag.Socket{
		Protocol: unix.IPPROTO_TCP, Family: unix.AF_INET, State: sockdiag.FinWait1, Local: local, Remote: remote, Cookie: cookie,
	}, peer, nil
}

// connectedPair is a connection over loopback; the peer drops every packet that comes once it is made.
func connectedPair() (client, peer int, err error) {
	const kind = unix.SOCK_STREAM | unix.SOCK_CLOEXEC
	listener, err := unix.Socket(unix.AF_INET, kind, unix.IPPROTO_TCP)
	if err != nil {
		return -1, -1, err
	}
	defer unix.Close(listener)
	if client, err = unix.Socket(unix.AF_INET, kind, unix.IPPROTO_TCP); err != nil {
		return -1, -1, err
	}
	loopback := &unix.SockaddrInet4{Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}).As4()}
	if err = errors.Join(unix.Bind(listener, loopback), unix.Listen(listener, 1)); err == nil {
		var at unix.Sockaddr
		if at, err = unix.Getsockname(listener); err == nil {
			err = unix.Connect(client, at)
		}
	}
	if err == nil {
		peer, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	}
	if err == nil {
		drop := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0}
		if err = unix.SetsockoptSockFprog(peer, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop}); err != nil {
			unix.Close(peer)
		}
	}
	if err != nil {
		unix.Close(client)
		return -1, -1, err
	}
	return client, peer, nil
}

// abortPeer closes a socket with a reset, which ends the other end, too.
func abortPeer(fd int) {
	_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) // cannot fail: it is a TCP socket
	unix.Close(fd)
}
