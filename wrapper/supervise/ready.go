package supervise

import (
	"context"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// listeners asks which endpoints a family of processes listens on.
type listeners struct {
	diag    *sockdiag.Conn
	scanner owner.Scanner
}

// missing are the endpoints that none of the processes listens on; for UDP, that none has bound. Somebody else's socket does
// not count.
func (l *listeners) missing(ctx context.Context, endpoints []netdiag.Endpoint, family []owner.Stat) ([]netdiag.Endpoint, error) {
	sockets, err := l.sockets(ctx, endpoints)
	if err != nil {
		return nil, err
	}
	open, missing := match(endpoints, sockets)
	if len(missing) > 0 {
		return missing, nil // whose the others are makes no difference yet
	}
	owners, err := l.owners(ctx, open)
	if err != nil {
		return nil, err
	}
	_, missing = match(endpoints, slices.DeleteFunc(open, func(s sockdiag.Socket) bool {
		return !slices.ContainsFunc(family, func(f owner.Stat) bool { return slices.Contains(owners[s.Inode], f.PID) })
	}))
	return missing, nil
}

// have are those of the processes that listen on one of the endpoints. Where nobody is seen to have a socket (that takes
// CAP_SYS_PTRACE for a service that has become another user), it is taken for one of theirs that has its user.
func (l *listeners) have(ctx context.Context, endpoints []netdiag.Endpoint, family []owner.Stat) ([]owner.Stat, error) {
	sockets, err := l.sockets(ctx, endpoints)
	if err != nil {
		return nil, err
	}
	open, _ := match(endpoints, sockets)
	owners, err := l.owners(ctx, open)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(family), func(f owner.Stat) bool {
		return !slices.ContainsFunc(open, func(s sockdiag.Socket) bool {
			if len(owners[s.Inode]) > 0 {
				return slices.Contains(owners[s.Inode], f.PID)
			}
			p, err := l.scanner.Process(f.PID)
			return err == nil && p.UID == s.UID
		})
	}), nil
}

// sockets are those that have one of the ports.
func (l *listeners) sockets(ctx context.Context, endpoints []netdiag.Endpoint) ([]sockdiag.Socket, error) {
	if l.diag == nil {
		conn, err := sockdiag.Dial()
		if err != nil {
			return nil, err
		}
		l.diag = conn
	}
	var sockets []sockdiag.Socket
	for _, protocol := range []netdiag.Protocol{netdiag.TCP, netdiag.UDP} {
		q := sockdiag.Query{Protocol: uint8(protocol), Ports: portsOf(protocol, endpoints)}
		if len(q.Ports) == 0 {
			continue
		}
		if protocol == netdiag.TCP {
			q.States = sockdiag.MaskOf(sockdiag.Listen)
		}
		some, err := l.diag.Dump(ctx, q)
		if err != nil {
			return nil, err
		}
		sockets = append(sockets, some...)
	}
	return sockets, nil
}

// owners are the pids of the processes that have each of the sockets open, by its inode.
func (l *listeners) owners(ctx context.Context, sockets []sockdiag.Socket) (map[uint32][]int, error) {
	inodes := make([]uint32, len(sockets))
	for i, s := range sockets {
		inodes[i] = s.Inode
	}
	found, err := l.scanner.Find(ctx, inodes)
	if err != nil {
		return nil, err
	}
	owners := map[uint32][]int{}
	for inode, processes := range found.Owners {
		for _, p := range processes {
			owners[inode] = append(owners[inode], p.PID)
		}
	}
	return owners, nil
}

func (l *listeners) close() {
	if l.diag != nil {
		_ = l.diag.Close() // nothing is under way
	}
}

// match sorts sockets by endpoint: those that serve one, and the endpoints that none serves.
func match(endpoints []netdiag.Endpoint, sockets []sockdiag.Socket) (open []sockdiag.Socket, missing []netdiag.Endpoint) {
	for _, e := range endpoints {
		found := false
		for _, s := range sockets {
			if serves(s, e) {
				open = append(open, s)
				found = true
			}
		}
		if !found {
			missing = append(missing, e)
		}
	}
	return open, missing
}

// serves reports whether a socket is what the endpoint says: on its address, or on every address of the family. An endpoint
// without an address is content with any: it says no more than the port.
func serves(s sockdiag.Socket, e netdiag.Endpoint) bool {
	if s.Protocol != uint8(e.Protocol) || s.Local.Port() != e.Port {
		return false
	}
	switch {
	case e.Device != "" && netdiag.DeviceName(s.Interface) != e.Device:
		return false
	case e.EveryAddress():
		return true
	}
	local, want := s.Local.Addr().Unmap(), e.Addr.WithZone("").Unmap()
	if local == want {
		return true
	}
	return local.IsUnspecified() && (local.Is4() == want.Is4() || want.Is4() && s.Family == unix.AF_INET6 && s.V6Only != sockdiag.Yes)
}

func portsOf(protocol netdiag.Protocol, endpoints []netdiag.Endpoint) []sockdiag.PortRange {
	var ports []sockdiag.PortRange
	for _, e := range endpoints {
		if e.Protocol == protocol {
			ports = append(ports, sockdiag.PortRange{First: e.Port, Last: e.Port})
		}
	}
	return ports
}
