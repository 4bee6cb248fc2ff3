// Package listens answers: with which sockets does a service listen, and which endpoints would those be?
package listens

import (
	"context"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
	"portguard/wrapper/ready"
)

// Listener is one of a service's, with what its owner has set on it.
type Listener struct {
	sockdiag.Socket
	Flags    netdiag.Flags
	FreeBind bool
	Process  string // the name of the first that has it open; "" where that cannot be seen
}

// Of are the TCP listeners of a service whose ports somebody asked for by number. What their owners have set on
// them takes the rights that their descriptors take. An error means that the kernel or /proc could not be asked.
func Of(ctx context.Context, unit systemd.Unit) ([]Listener, error) {
	conn, err := sockdiag.Dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	all, err := conn.Dump(ctx, sockdiag.Query{Protocol: unix.IPPROTO_TCP, States: sockdiag.MaskOf(sockdiag.Listen), Named: true})
	if err != nil {
		return nil, err
	}
	inodes := make([]uint32, len(all))
	for i, s := range all {
		inodes[i] = s.Inode
	}
	found, err := owner.Scanner{}.Find(ctx, inodes)
	if err != nil {
		return nil, err
	}
	var own []Listener
	for _, s := range all {
		if owners := found.Owners[s.Inode]; ready.OfUnit(unit, s, owners) {
			l := Listener{Socket: s, Flags: netdiag.FlagsOf(owners, s), FreeBind: !s.Local.Addr().Unmap().IsUnspecified() && netdiag.FreeBinds(owners, s)}
			if len(owners) > 0 {
				l.Process = owners[0].Command
			}
			own = append(own, l)
		}
	}
	return own, nil
}
