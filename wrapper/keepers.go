package wrapper

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper/decide"
)

// stillHolding looks again, and returns by pid those that hold, as they are now: the process that was found, by pid and
// start time, must have a socket of the inode that was found, and the kernel must still know that inode by the cookie that
// was found. The pidfds are open already, so no pid can change hands after this.
func (g *Guard) stillHolding(ctx context.Context, victims []*victim) map[int]owner.Process {
	return stillOf(victims, g.keepersNow(ctx, victims))
}

// keepersNow are those who have the victims' sockets, as they are now, by inode: of the sockets that the kernel still knows by
// their cookies.
func (g *Guard) keepersNow(ctx context.Context, victims []*victim) map[uint32][]owner.Process {
	confirmed := map[uint32]bool{} // what is gone nobody has: to look for it would be to look into every socket of the host
	for _, v := range victims {
		for _, h := range v.holders {
			if inode := h.Socket.Inode; !confirmed[inode] && (g.isListed(ctx, h) || isStill(v.process, h)) {
				confirmed[inode] = true
			}
		}
	}
	found, err := owner.Scanner{}.Find(ctx, slices.Collect(maps.Keys(confirmed)))
	if err != nil {
		return nil
	}
	keepers := map[uint32][]owner.Process{}
	for inode := range confirmed {
		keepers[inode] = keepersOf(found, inode)
	}
	return keepers
}

// stillOf are the victims among the keepers, by pid.
func stillOf(victims []*victim, keepers map[uint32][]owner.Process) map[int]owner.Process {
	still := map[int]owner.Process{}
	for _, v := range victims {
		for _, h := range v.holders {
			for _, p := range keepers[h.Socket.Inode] {
				if p.ID() == v.process.ID() {
					still[p.PID] = p
				}
			}
		}
	}
	return still
}

// keepersOf are those who have the socket of an inode open, or in an io_uring.
func keepersOf(found owner.Result, inode uint32) []owner.Process {
	all := found.Owners[inode]
	for _, hint := range found.Held[inode] {
		if hint.Kind == owner.HintIOURing {
			all = append(all[:len(all):len(all)], hint.Process)
		}
	}
	return all
}

// isListed asks the kernel whether the socket of this cookie still has the inode that was found.
func (g *Guard) isListed(ctx context.Context, h *netdiag.Holder) bool {
	diag, err := g.prober.Diag()
	if err != nil {
		return false
	}
	s, err := diag.Lookup(ctx, h.Socket)
	return err == nil && s.Inode == h.Socket.Inode
}

// isStill asks the socket itself, for kernels that do not list it.
func isStill(p owner.Process, h *netdiag.Holder) bool {
	i := slices.IndexFunc(h.Owners, func(o owner.Process) bool { return o.PID == p.PID })
	if i < 0 {
		return false
	}
	fd, err := netdiag.Duplicate(h.Owners[i], h.Socket)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// forbidden says who has got a socket meanwhile and may not be touched, nil when there is nobody.
func forbidden(judge decide.Judge, victims []*victim, keepers map[uint32][]owner.Process) error {
	ours := func(p owner.Process) bool { // what is kept to reset it is no other's
		return p.PID == os.Getpid() || slices.ContainsFunc(victims, func(v *victim) bool {
			return p.ID() == v.process.ID()
		})
	}
	for _, v := range victims {
		for _, h := range v.holders {
			for _, p := range keepers[h.Socket.Inode] {
				if d := judge.MayEnd(p, h); !d.GoAhead() && !ours(p) {
					return fmt.Errorf("%s has it as well by now: %s", p.Named(), d.Why)
				}
			}
		}
	}
	return nil
}
