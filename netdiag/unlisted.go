package netdiag

import (
	"context"
	"net/netip"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
	"portguard/netdiag/sockdiag"
)

// explainUnlisted names the holders of TCP endpoints that the kernel's tables do not explain. Before Linux 6.8 they leave
// out sockets that are bound and neither listen nor are connected; such a one is found by asking every socket that some
// process has open and no table has. It takes ptrace rights on the owner, and is slow.
func (p *Prober) explainUnlisted(ctx context.Context, findings []*Finding) error {
	wanted := map[uint16]bool{}
	for _, f := range findings {
		if f.Endpoint.Protocol == TCP {
			wanted[f.Endpoint.Port] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	listed, err := p.diag.Dump(ctx, sockdiag.Query{Protocol: uint8(TCP)})
	if err != nil {
		return err
	}
	known := map[uint32]bool{}
	for _, s := range listed {
		known[s.Inode] = true
	}
	places, err := p.scanner.Sockets(ctx)
	if err != nil {
		return nil // without /proc nobody can be named; the report says that nobody shows
	}
	t := newTables()
	for _, at := range places {
		if known[at.Inode] || ctx.Err() != nil {
			continue
		}
		known[at.Inode] = true // each socket once, however many processes share it
		if s, ok := askSocket(at); ok && wanted[s.Local.Port()] && !p.mine[s.Cookie] {
			key := portKey{TCP, s.Local.Port()}
			t.byPort[key] = append(t.byPort[key], s)
			t.flags[idOf(s)] = Flags{V6Only: v6Only(s)}
		}
	}
	found, searched := p.owners(ctx, findings, t)
	for _, f := range findings {
		if f.Endpoint.Protocol == TCP {
			f.Holders = t.holders(f, found, searched)
		}
	}
	return ctx.Err()
}

// askSocket takes a duplicate of a socket, asks it what it is, and lets go of it. ok: it is a TCP socket of this network
// namespace that is bound to a port.
func askSocket(at owner.Place) (s sockdiag.Socket, ok bool) {
	p, err := open(owner.Process{PID: at.PID, TID: at.TID})
	if err != nil {
		return s, false
	}
	defer p.Close()
	fd, err := p.GetFD(at.FD)
	if err != nil {
		return s, false
	}
	defer unix.Close(fd)

	domain, err1 := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	proto, err2 := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err1 != nil || err2 != nil || domain != unix.AF_INET && domain != unix.AF_INET6 ||
		proto != unix.IPPROTO_TCP && proto != unix.IPPROTO_MPTCP || !ownNamespace(fd) {
		return s, false
	}
	var st unix.Stat_t
	cookie, err1 := pidfd.Cookie(fd)
	local, err2 := pidfd.LocalAddr(fd)
	if err1 != nil || err2 != nil || unix.Fstat(fd, &st) != nil || uint32(st.Ino) != at.Inode || local.Port() == 0 {
		return s, false
	}
	s = sockdiag.Socket{
		Protocol: uint8(TCP), Family: uint8(domain), State: sockdiag.Close,
		Local:  netip.AddrPortFrom(local.Addr().WithZone(""), local.Port()),
		Remote: netip.AddrPortFrom(unspecified(domain), 0),
		Cookie: cookie, UID: st.Uid, Inode: at.Inode,
	}
	if v6only, err := pidfd.V6Only(fd); err == nil && domain == unix.AF_INET6 {
		s.V6Only = tristate(v6only)
	}
	if device, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX); err == nil {
		s.Interface = uint32(device)
	}
	return s, true
}

func unspecified(domain int) netip.Addr {
	if domain == unix.AF_INET {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// ownNamespace reports whether a socket is of the calling thread's network namespace (SIOCGSKNS, which takes
// CAP_NET_ADMIN there). When it cannot be told, it is taken for a stranger's.
func ownNamespace(fd int) bool {
	ns, err := unix.IoctlRetInt(fd, unix.SIOCGSKNS)
	if err != nil {
		return false
	}
	defer unix.Close(ns)
	var theirs, ours unix.Stat_t
	if unix.Fstat(ns, &theirs) != nil || unix.Stat("/proc/thread-self/ns/net", &ours) != nil {
		return false
	}
	return theirs.Dev == ours.Dev && theirs.Ino == ours.Ino
}
