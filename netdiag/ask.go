package netdiag

import (
	"context"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
	"portguard/netdiag/sockdiag"
)

// askUnlisted asks the sockets at these places whose inodes are not known, and returns those of TCP on one of the wanted
// ports. all is false when some could not be asked.
func askUnlisted(ctx context.Context, places []owner.Place, known map[uint32]bool, wanted map[uint16]bool) (found []unlistedSocket, all bool) {
	if pidfd.MayGetFD() != nil {
		return nil, false
	}
	closed := map[uint32]bool{}
	for _, at := range places {
		if known[at.Inode] || ctx.Err() != nil {
			continue
		}
		u, ok, err := askSocket(at, wanted)
		if errors.Is(err, ErrChanged) {
			continue // another process may still have it
		}
		if err != nil {
			closed[at.Inode] = true // to ask another process that has it may be allowed
			continue
		}
		delete(closed, at.Inode)
		known[at.Inode] = true
		if ok {
			found = append(found, u)
		}
	}
	return found, len(closed) == 0
}

// askSocket takes a duplicate of a socket, asks it what it is, and lets go of it. ok: it is a TCP socket of this network
// namespace, neither connected nor listening, and says that it has one of the wanted ports. ErrChanged: it is not there any
// more. Another error: it may be one.
func askSocket(at owner.Place, wanted map[uint16]bool) (u unlistedSocket, ok bool, err error) {
	fd, err := duplicate(at)
	if err != nil {
		return u, false, err
	}
	defer unix.Close(fd)
	if inode, err := pidfd.Inode(fd); err != nil || inode != at.Inode {
		return u, false, ErrChanged
	}
	domain, err1 := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	proto, err2 := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err1 != nil || err2 != nil || domain != unix.AF_INET && domain != unix.AF_INET6 ||
		proto != unix.IPPROTO_TCP && proto != unix.IPPROTO_MPTCP {
		return u, false, nil
	}
	local, err := pidfd.LocalAddr(fd)
	if err != nil || !wanted[local.Port()] || !idle(fd) {
		return u, false, nil
	}
	ours, err := ownNamespace(fd)
	if err != nil || !ours {
		return u, false, err
	}
	u, err = describe(fd, uint8(domain), local)
	return u, err == nil, err
}

// idle reports whether a TCP socket is in no state that the kernel lists. An MPTCP socket does not tell on older kernels.
func idle(fd int) bool {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	return err != nil || info.State == unix.BPF_TCP_CLOSE
}

// describe reads from the socket what a table would say of it.
func describe(fd int, family uint8, local netip.AddrPort) (unlistedSocket, error) {
	var st unix.Stat_t
	cookie, err1 := pidfd.Cookie(fd)
	reuseAddr, err2 := pidfd.ReuseAddr(fd)
	reusePort, err3 := pidfd.ReusePort(fd)
	polled := []unix.PollFd{{Fd: int32(fd), Events: unix.EPOLLRDHUP}}
	_, err4 := unix.Poll(polled, 0)
	if err := errors.Join(err1, err2, err3, err4, unix.Fstat(fd, &st)); err != nil {
		return unlistedSocket{}, err
	}
	s := sockdiag.Socket{
		Protocol: uint8(TCP), Family: family, State: sockdiag.Close,
		Local:  netip.AddrPortFrom(local.Addr().WithZone(""), local.Port()),
		Remote: netip.AddrPortFrom(unspecified(family), 0),
		Cookie: cookie, UID: st.Uid, Inode: uint32(st.Ino),
	}
	if v6only, err := pidfd.V6Only(fd); err == nil && family == unix.AF_INET6 {
		s.V6Only = tristate(v6only)
	}
	if device, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX); err == nil {
		s.Interface = uint32(device)
	}
	return unlistedSocket{s, reuseAddr, reusePort, polled[0].Revents&unix.EPOLLRDHUP != 0}, nil
}

func unspecified(family uint8) netip.Addr {
	if family == unix.AF_INET {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// ownNamespace reports whether a socket is of the network namespace that a new one would be of. Before Linux 5.14 it takes
// CAP_NET_ADMIN there to know.
func ownNamespace(fd int) (bool, error) {
	theirs, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if errors.Is(err, unix.ENOPROTOOPT) {
		return ownNamespaceFile(fd)
	}
	if err != nil {
		return false, err
	}
	own, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	defer unix.Close(own)
	ours, err := unix.GetsockoptUint64(own, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	return theirs == ours, err
}

// ownNamespaceFile asks for the namespace itself (SIOCGSKNS).
func ownNamespaceFile(fd int) (bool, error) {
	ns, err := unix.IoctlRetInt(fd, unix.SIOCGSKNS)
	if err != nil {
		return false, err
	}
	defer unix.Close(ns)
	var theirs, ours unix.Stat_t
	if err := errors.Join(unix.Fstat(ns, &theirs), unix.Stat("/proc/thread-self/ns/net", &ours)); err != nil {
		return false, err
	}
	return theirs.Dev == ours.Dev && theirs.Ino == ours.Ino, nil
}
