package netdiag

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// Neighbour is a process that serves other ports, and that may end with the owner of a holder.
type Neighbour struct {
	Process owner.Process
	Ports   []uint16 // TCP, in order, each once
	// Below: it descends from an owner of the holder. Else it is of the same cgroup, and so of the same unit.
	Below bool
}

// Beside lists the processes that listen on other TCP ports and have to do with a holder: those of its cgroup that neither own
// it, nor are what its owners descend from. A port that the kernel has picked is no service's, and does not count. Ordered
// by pid. What the kernel does not tell is left out.
func (p *Prober) Beside(ctx context.Context, h *Holder) ([]Neighbour, error) {
	if p.degraded != nil || len(h.Owners) == 0 {
		return nil, nil
	}
	ports, err := p.servedBeside(ctx, h)
	if err != nil || len(ports) == 0 {
		return nil, err
	}
	line := lineOf(h.Owners)
	ownersOf, err := p.ownersOf(ctx, ports, line)
	if err != nil {
		return nil, err
	}
	byPID := map[int]*Neighbour{}
	for ino := range ports {
		owners := ownersOf[ino]
		if slices.ContainsFunc(owners, func(o owner.Process) bool { return slices.Contains(line, o.PID) }) {
			continue
		}
		for _, o := range owners {
			if o.Cgroup != h.Owners[0].Cgroup {
				continue
			}
			n := byPID[o.PID]
			if n == nil {
				n = &Neighbour{Process: o, Below: descends(o, h.Owners)}
				byPID[o.PID] = n
			}
			n.Ports = append(n.Ports, ports[ino])
		}
	}
	var all []Neighbour
	for _, n := range byPID {
		slices.Sort(n.Ports)
		n.Ports = slices.Compact(n.Ports)
		all = append(all, *n)
	}
	slices.SortFunc(all, func(a, b Neighbour) int { return cmp.Compare(a.Process.PID, b.Process.PID) })
	return all, nil
}

// servedBeside are the ports, by inode, on which sockets of the holder's cgroup listen that asked for them, but for the
// holder's own.
func (p *Prober) servedBeside(ctx context.Context, h *Holder) (map[uint32]uint16, error) {
	listening, err := p.services(ctx, map[uint64]bool{h.Socket.CgroupID: true})
	if err != nil {
		return nil, err
	}
	ports := map[uint32]uint16{}
	for _, s := range listening {
		if s.Local.Port() != h.Socket.Local.Port() {
			ports[s.Inode] = s.Local.Port()
		}
	}
	return ports, nil
}

// services are the TCP listeners of some cgroups whose ports somebody asked for, and that a process has.
func (p *Prober) services(ctx context.Context, cgroups map[uint64]bool) ([]sockdiag.Socket, error) {
	diag, err := p.Diag()
	if err != nil {
		return nil, err
	}
	all, err := diag.Dump(ctx, sockdiag.Query{Protocol: uint8(TCP), States: sockdiag.MaskOf(sockdiag.Listen), Named: true})
	return slices.DeleteFunc(all, func(s sockdiag.Socket) bool { return s.Inode == 0 || !cgroups[s.CgroupID] }), err
}

// ownersOf are the owners of these sockets, but for some that the line has. What the last look for owners was about is not searched again.
func (p *Prober) ownersOf(ctx context.Context, ports map[uint32]uint16, line []int) (map[uint32][]owner.Process, error) {
	unseen := slices.DeleteFunc(slices.Collect(maps.Keys(ports)), func(ino uint32) bool { _, seen := p.seen[ino]; return seen })
	for _, pid := range line { // mostly they are the holder's own, which spares a look at all processes of the host
		if len(unseen) > 0 {
			had := p.scanner.Has(pid, unseen)
			unseen = slices.DeleteFunc(unseen, func(ino uint32) bool { return slices.Contains(had, ino) })
		}
	}
	if len(unseen) == 0 {
		return p.seen, nil
	}
	found, err := p.scanner.Find(ctx, unseen)
	maps.Copy(p.seen, found.Owners)
	return p.seen, err
}

// lineOf is the owners, and all that they descend from but for pid 1, which everybody does.
func lineOf(owners []owner.Process) []int {
	var all []int
	for _, o := range owners {
		line, _ := owner.Ancestors(o.PID) // those that could be named
		for _, pid := range append([]int{o.PID}, line...) {
			if pid != 1 && !slices.Contains(all, pid) {
				all = append(all, pid)
			}
		}
	}
	return all
}

func descends(o owner.Process, from []owner.Process) bool {
	line, _ := owner.Ancestors(o.PID)
	return slices.ContainsFunc(from, func(a owner.Process) bool { return slices.Contains(line, a.PID) })
}
