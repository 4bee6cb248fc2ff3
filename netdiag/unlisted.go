package netdiag

import (
	"context"
	"net/netip"
	"slices"

	"portguard/netdiag/sockdiag"
)

// listTCP lists the TCP sockets on some ports, by the kernel's tables and, where these leave out what is bound and neither
// listens nor is connected, by asking the processes as well. partial: there may be more.
//
// To ask takes some 30 µs of processor time for each socket that no table has (unix sockets above all) and 5 µs for every other
// descriptor of the host. That is done whatever the tables show: to act on some of the holders alone is harm for nothing.
func (p *Prober) listTCP(ctx context.Context, ports []sockdiag.PortRange) (sockets []sockdiag.Socket, partial bool, err error) {
	if p.listsBound(ctx) {
		sockets, err := p.list(ctx, TCP, ports)
		if err != nil || p.degraded == nil {
			return sockets, false, err
		}
	}
	// The processes first: what is connected from then on is in a table.
	places, all, scanErr := p.scanner.Sockets(ctx)
	listed, err := p.list(ctx, TCP, nil)
	if err != nil {
		return nil, false, err
	}
	wanted, known := map[uint16]bool{}, map[uint32]bool{}
	for _, r := range ports {
		wanted[r.First] = true
	}
	for _, s := range listed {
		known[s.Inode] = true
		if wanted[s.Local.Port()] {
			sockets = append(sockets, s)
		}
	}
	unlisted, asked := askUnlisted(ctx, places, known, wanted)
	partial = !all || !asked || scanErr != nil // without /proc nobody can be asked
	others := slices.Clone(sockets)
	unlisted = slices.DeleteFunc(unlisted, func(u unlistedSocket) bool {
		if p.mine[u.socket.Cookie] {
			others = append(others, u.socket)
			return true
		}
		return false
	})
	bound, sure := stillBound(unlisted, others)
	return append(sockets, bound...), partial || !sure, ctx.Err()
}

// stillBound picks those that hold their port. sure is false when that could not be told of all. Those that have been connected
// come last: one that never was may explain why their address is taken.
func stillBound(all []unlistedSocket, others []sockdiag.Socket) (some []sockdiag.Socket, sure bool) {
	var hungUp []unlistedSocket
	sure = true
	decide := func(u unlistedSocket, others []sockdiag.Socket, rivals []unlistedSocket) {
		switch u.holds(others, rivals) {
		case sockdiag.Yes:
			some = append(some, u.socket)
		case sockdiag.Unknown:
			sure = false
		}
	}
	for _, u := range all {
		if u.hungUp {
			hungUp = append(hungUp, u)
			continue
		}
		decide(u, others, nil)
	}
	others = slices.Concat(others, some)
	for i, u := range hungUp {
		decide(u, others, slices.Delete(slices.Clone(hungUp), i, i+1))
	}
	return some, sure
}

// unlistedSocket is a TCP socket that is in no table and says that it has a port.
type unlistedSocket struct {
	socket               sockdiag.Socket
	reuseAddr, reusePort bool
	hungUp               bool // it has been connected
}

// holds reports whether the socket has its port: one whose connection has failed, or has ended, goes on telling the number
// that the kernel had picked for it. Then bind() to its address succeeds, unless others hold that, beside whom it could not
// be without an option to share. Unknown only where it has one, or where it may be one of the rivals, of which the same is
// asked.
func (u unlistedSocket) holds(others []sockdiag.Socket, rivals []unlistedSocket) sockdiag.Tristate {
	trial := u.try(ReuseNo)
	taken := func(o sockdiag.Socket) bool {
		return o.Local.Port() == u.socket.Local.Port() && Assess(trial.Claim, o, Flags{V6Only: v6Only(o)}) != sockdiag.No
	}
	switch {
	case trial.Verdict == Free:
		return sockdiag.No
	case trial.Verdict == Taken && !slices.ContainsFunc(others, taken):
		return u.holdsAmong(slices.DeleteFunc(rivals, func(r unlistedSocket) bool { return !taken(r.socket) }))
	case trial.Verdict == Taken && !u.reuseAddr && !u.reusePort:
		return sockdiag.No
	case u.hungUp:
		return sockdiag.Unknown
	}
	return sockdiag.Yes // it was bound, and nothing since can have taken the port from it
}

// holdsAmong is for an address that this socket holds, or one of the rivals: bind() with SO_REUSEADDR succeeds when all who
// hold it have that, too.
func (u unlistedSocket) holdsAmong(rivals []unlistedSocket) sockdiag.Tristate {
	if len(rivals) == 0 {
		return sockdiag.Yes
	}
	for _, r := range append(rivals, u) {
		if r.reusePort {
			return sockdiag.Unknown
		}
	}
	shared := u.try(ReuseYes).Verdict
	switch {
	case shared != Free && shared != Taken:
		return sockdiag.Unknown
	case (shared == Free) != u.reuseAddr:
		return sockdiag.No
	case slices.ContainsFunc(rivals, func(r unlistedSocket) bool { return r.reuseAddr == u.reuseAddr }):
		return sockdiag.Unknown
	}
	return sockdiag.Yes
}

// try asks whether the address that the socket tells can be bound.
func (u unlistedSocket) try(reuse Reuse) Trial {
	trial := Try(Endpoint{
		Protocol: TCP, Addr: addressOf(u.socket), Port: u.socket.Local.Port(), Options: Options{ReuseAddr: reuse},
	})
	trial.Close()
	return trial
}

// addressOf is an address that is taken when the socket holds its port: its own, or of every address one that hardly anybody
// else has.
func addressOf(s sockdiag.Socket) netip.Addr {
	a := s.Local.Addr().Unmap()
	switch {
	case !a.IsUnspecified():
		return a
	case a.Is4():
		return netip.AddrFrom4([4]byte{127, 255, 255, 254})
	}
	return netip.IPv6Loopback()
}
