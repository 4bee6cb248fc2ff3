package netdiag

import (
	"context"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/netdiag/pidfd"
	"portguard/netdiag/release"
	"portguard/netdiag/sockdiag"
)

// listsBound reports whether the tables that are asked have TCP sockets that are bound and neither listen nor are
// connected. Those of sock_diag do since Linux 6.8; an older kernel that has it from its distributor tells by a socket of
// our own, asked for once. Those in /proc/net never do.
func (p *Prober) listsBound(ctx context.Context) bool {
	if p.degraded != nil {
		return false
	}
	if p.bound == sockdiag.Unknown {
		p.bound = tristate(release.Since(6, 8) || p.showsBound(ctx))
	}
	return p.bound == sockdiag.Yes
}

// showsBound binds a socket for a moment and looks for it. Whatever is in the way of that counts as no: then the sockets are
// looked for elsewhere, which takes longer and is never wrong.
func (p *Prober) showsBound(ctx context.Context) bool {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	// With SO_REUSEADDR it is in no service's way that sets it, too, whatever port it gets.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) != nil ||
		unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}) != nil {
		return false
	}
	local, err1 := pidfd.LocalAddr(fd)
	cookie, err2 := pidfd.Cookie(fd)
	diag, err3 := p.Diag()
	if err1 != nil || err2 != nil || err3 != nil {
		return false
	}
	sockets, err := diag.Dump(ctx, sockdiag.Query{
		Protocol: uint8(TCP), Family: unix.AF_INET, States: sockdiag.MaskOf(sockdiag.BoundInactive),
		Ports: []sockdiag.PortRange{{First: local.Port(), Last: local.Port()}},
	})
	return err == nil && slices.ContainsFunc(sockets, func(s sockdiag.Socket) bool { return s.Cookie == cookie })
}
