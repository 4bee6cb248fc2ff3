package ready

import (
	"context"
	"maps"
	"slices"
	"time"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
)

// Whose says whose sockets count. The zero value: anybody's.
type Whose struct {
	// Unit: those of the unit's processes.
	Unit systemd.Unit
	// PID: those of this process and of all that descends from it. 0: none.
	PID int
	// Family are the processes to take for those of PID, where its line does not tell; nil: it does.
	Family func() ([]owner.Stat, error)
}

// anybody: nobody is named.
func (w Whose) anybody() bool { return w.Unit == systemd.Unit{} && w.PID == 0 && w.Family == nil }

// family are the processes whose sockets count, PID first.
func (w Whose) family() ([]owner.Stat, error) {
	if w.Family != nil {
		return w.Family()
	}
	all, err := owner.Scanner{}.Stats()
	if err != nil {
		return nil, err
	}
	self := slices.IndexFunc(all, func(s owner.Stat) bool { return s.PID == w.PID })
	if self < 0 {
		return nil, nil
	}
	return append([]owner.Stat{all[self]}, owner.Below(w.PID, all)...), nil
}

// recognise makes a judge of sockets whose owners are known, as far as they can be seen. Where anybody's count, those are the service's
// that are of a process which listens.
func (w Whose) recognise(listeners []netdiag.Holder) func(sockdiag.Socket, []owner.Process) bool {
	switch {
	case w.anybody():
		return func(_ sockdiag.Socket, owners []owner.Process) bool {
			return slices.ContainsFunc(listeners, func(l netdiag.Holder) bool { return haveOneInCommon(l.Owners, owners) })
		}
	case w.Unit != systemd.Unit{}:
		return w.ofUnit
	}
	family, _ := w.family() // of none that shows nothing is
	return func(s sockdiag.Socket, owners []owner.Process) bool { return ofFamily(s, owners, family) }
}

func (w Whose) ofUnit(s sockdiag.Socket, owners []owner.Process) bool {
	return OfUnit(w.Unit, s, owners)
}

func haveOneInCommon(a, b []owner.Process) bool {
	return slices.ContainsFunc(a, func(p owner.Process) bool {
		return slices.ContainsFunc(b, func(o owner.Process) bool { return o.PID == p.PID })
	})
}

// OfUnit reports whether a socket is a unit's. It goes by the processes that have the socket and, where nobody is seen to have it, by
// the cgroup that it was made in: a listener may have been handed on.
func OfUnit(unit systemd.Unit, s sockdiag.Socket, owners []owner.Process) bool {
	if len(owners) > 0 {
		return slices.ContainsFunc(owners, func(p owner.Process) bool {
			u, ok := systemd.UnitOfCgroup(p.Cgroup)
			return ok && u == unit
		})
	}
	u, ok := makersUnit(s)
	return ok && u == unit
}

// makersUnit is the unit in whose cgroup a socket was made.
func makersUnit(s sockdiag.Socket) (systemd.Unit, bool) {
	if s.CgroupID == 0 {
		return systemd.Unit{}, false
	}
	path, err := owner.CgroupPath(s.CgroupID)
	if err != nil {
		return systemd.Unit{}, false
	}
	return systemd.UnitOfCgroup(path)
}

// ofFamily: one of these has the socket. Where nobody is seen to have it, it is taken for that of one of them whose sockets do not all show
// (that takes CAP_SYS_PTRACE for a service that has become another user), when it is of that one's user and, as far as that can be told,
// of the same unit. A process outside of this pid namespace may be of the same user, too.
func ofFamily(s sockdiag.Socket, owners []owner.Process, family []owner.Stat) bool {
	if len(owners) > 0 {
		return slices.ContainsFunc(owners, func(p owner.Process) bool {
			return slices.ContainsFunc(family, func(f owner.Stat) bool { return f.PID == p.PID })
		})
	}
	maker, known := makersUnit(s)
	return slices.ContainsFunc(family, func(f owner.Stat) bool {
		p, err := owner.Scanner{}.Process(f.PID)
		if err != nil || p.UID != s.UID || p.UserUnknown {
			return false
		}
		u, ok := systemd.UnitOfCgroup(p.Cgroup)
		return (!ok || !known || u == maker) && owner.Scanner{}.Conceals(f.PID)
	})
}

// ownership is which of the sockets that listen are the service's, as of the last time that this was asked.
type ownership struct {
	asked map[socketKey]bool // and the answer
	again time.Time          // when to ask once more: a socket may be handed to another process
	all   bool               // whoever asks
}

func (o *ownership) has(s sockdiag.Socket) bool { return o.all || o.asked[keyOf(s)] }

// How often it is asked whose the same sockets are: so seldom that it takes a two-hundredth of the time.
const askShare, askEvery = 200, 250 * time.Millisecond

// own finds out which of the sockets are the service's.
func (l *Looker) own(ctx context.Context, listening []sockdiag.Socket) error {
	if l.known.all = l.whose.anybody(); l.known.all {
		return nil
	}
	known := func(s sockdiag.Socket) bool { _, ok := l.known.asked[keyOf(s)]; return ok }
	foreign := slices.ContainsFunc(listening, func(s sockdiag.Socket) bool { return !l.known.asked[keyOf(s)] })
	if !slices.ContainsFunc(listening, func(s sockdiag.Socket) bool { return !known(s) }) &&
		(!foreign || time.Now().Before(l.known.again)) {
		return nil
	}
	began := time.Now()
	ours, err := l.whose.pick(ctx, listening)
	if err != nil {
		return err
	}
	l.known.asked = map[socketKey]bool{}
	for _, s := range listening {
		l.known.asked[keyOf(s)] = ours[s.Inode]
	}
	now := time.Now()
	l.known.again = now.Add(max(askEvery, askShare*now.Sub(began)))
	return nil
}

// pick tells by inode which sockets are the service's: from the nearest place that it can be seen in to the farthest, all tables of the
// host.
func (w Whose) pick(ctx context.Context, sockets []sockdiag.Socket) (map[uint32]bool, error) {
	ours := map[uint32]bool{}
	rest := make(map[uint32]sockdiag.Socket, len(sockets))
	for _, s := range sockets {
		rest[s.Inode] = s
	}
	take := func(inodes ...uint32) {
		for _, ino := range inodes {
			ours[ino] = true
			delete(rest, ino)
		}
	}
	isOurs := w.ofUnit
	if w.Unit == (systemd.Unit{}) {
		take(owner.Scanner{}.Has(w.PID, slices.Collect(maps.Keys(rest)))...)
		var family []owner.Stat
		if len(rest) > 0 {
			var err error
			if family, err = w.family(); err != nil {
				return nil, err
			}
		}
		for _, f := range family {
			if len(rest) > 0 && f.PID != w.PID {
				take(owner.Scanner{}.Has(f.PID, slices.Collect(maps.Keys(rest)))...)
			}
		}
		isOurs = func(s sockdiag.Socket, owners []owner.Process) bool { return ofFamily(s, owners, family) }
	}
	if len(rest) == 0 {
		return ours, nil
	}
	found, err := owner.Scanner{}.Find(ctx, slices.Collect(maps.Keys(rest)))
	if err != nil {
		return nil, err
	}
	for ino, s := range rest {
		ours[ino] = isOurs(s, found.Owners[ino])
	}
	return ours, nil
}
