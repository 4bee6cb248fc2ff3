// Package elsewhere answers: who serves on this port in another network namespace of this host?
package elsewhere

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// Server is a listener, or a UDP socket that has no peer.
type Server struct {
	Protocol  uint8 // IPPROTO_TCP or IPPROTO_UDP
	Local     netip.AddrPort
	Namespace Namespace
	Owners    []owner.Process // none where their descriptors cannot be read
	inode     uint32
}

// Unseen is what an answer may lack.
type Unseen struct {
	Denied  int  // so many network namespaces could not be entered
	Closed  bool // that of some process is not told this user
	Outside bool // processes outside of this pid namespace do not show
}

// Servers looks for servers on these ports in every network namespace but ours that a process is in, or that has a name: of a
// namespace that neither is true of nobody can say where it is. It takes root.
func Servers(ctx context.Context, ports []sockdiag.PortRange) (all []Server, unseen Unseen, err error) {
	return servers(ctx, ports, "/run/netns") // ip-netns(8)
}

// servers takes the names of namespaces from a directory.
func servers(ctx context.Context, ports []sockdiag.PortRange, named string) (all []Server, unseen Unseen, err error) {
	others, unseen, err := others(named)
	if err != nil {
		return nil, unseen, err
	}
	for _, n := range others {
		some, err := n.servers(ctx, ports)
		if ctx.Err() != nil {
			return nil, unseen, ctx.Err()
		}
		if err != nil { // it may have gone as well
			unseen.Denied++
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b Server) int {
		return cmp.Or(cmp.Compare(a.Local.Port(), b.Local.Port()), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.Namespace.PID, b.Namespace.PID), a.Local.Compare(b.Local))
	})
	return all, unseen, nameOwners(ctx, all)
}

// servers asks there.
func (n Namespace) servers(ctx context.Context, ports []sockdiag.PortRange) ([]Server, error) {
	var conn *sockdiag.Conn
	err := n.within(func() (err error) {
		conn, err = sockdiag.Dial()
		return err
	})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var all []Server
	for _, q := range []sockdiag.Query{
		{Protocol: unix.IPPROTO_TCP, States: sockdiag.MaskOf(sockdiag.Listen), Ports: ports},
		{Protocol: unix.IPPROTO_UDP, States: sockdiag.MaskOf(sockdiag.Close), Ports: ports},
	} {
		sockets, err := conn.Dump(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, s := range sockets {
			all = append(all, Server{Protocol: q.Protocol, Local: s.Local, Namespace: n, inode: s.Inode})
		}
	}
	return all, nil
}

// nameOwners looks once for all of them: an inode is one socket's, in whichever namespace.
func nameOwners(ctx context.Context, all []Server) error {
	inodes := make([]uint32, 0, len(all))
	for _, s := range all {
		inodes = append(inodes, s.inode)
	}
	if len(inodes) == 0 {
		return nil
	}
	found, err := owner.Scanner{}.Find(ctx, inodes)
	if err != nil {
		return err
	}
	for i := range all {
		all[i].Owners = found.Owners[all[i].inode]
	}
	return nil
}
