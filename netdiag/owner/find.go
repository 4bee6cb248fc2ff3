package owner

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/netdiag/permit"
)

// Find searches every process for the sockets with these inodes (idiag_inode; 0 is ignored). On a host with many open
// files the kernel itself goes through the tables, where it may be asked to (package fdwalk). Else it costs one system call,
// a few microseconds, for every descriptor of the host: twenty times as much. What no table explains costs another, longer
// look.
//
// Processes that end meanwhile are left out. An error means that there is no answer: ErrNoProc, the context's, or that
// the kernel had no memory or descriptors left. What the caller may not see is no error; Result counts it.
func (s Scanner) Find(ctx context.Context, inodes []uint32) (Result, error) {
	sc, err := s.scan()
	if err != nil {
		return Result{}, err
	}
	defer sc.close()

	res := Result{
		Owners:            map[uint32][]Process{},
		Held:              map[uint32][]Hint{},
		Named:             map[uint32]bool{},
		Hidepid:           sc.hidepid(),
		Confined:          sc.confined(),
		Vetoed:            sc.vetoed(),
		ChildPIDNamespace: sc.childPIDNamespace(),
	}
	wanted := make(map[uint32]bool, len(inodes))
	for _, ino := range inodes {
		if ino != 0 {
			wanted[ino] = true
		}
	}
	if len(wanted) == 0 {
		return res, nil
	}
	names := userNames{}

	tables, err := sc.search(ctx, wanted)
	if err != nil {
		return Result{}, err
	}
	for _, f := range tables {
		if f.unreadable {
			res.Unreadable++
		}
		maps.Copy(res.Named, f.named)
		for ino, at := range f.sockets {
			res.Owners[ino] = append(res.Owners[ino], names.at(f.process, at))
			delete(wanted, ino)
		}
	}
	if len(wanted) == 0 {
		return res, nil
	}

	hints, err := survey(ctx, sc, func(ctx context.Context, p proc, buf *scratch) (kept, error) {
		return sc.keptBy(ctx, p, buf, wanted)
	})
	if err != nil {
		return Result{}, err
	}
	for _, k := range hints {
		res.keep(k, wanted, names)
	}
	return res, nil
}

// keep notes how a process may keep the sockets that no table has.
func (res *Result) keep(k kept, unfound map[uint32]bool, names userNames) {
	for ino, at := range k.rings {
		res.Held[ino] = append(res.Held[ino], Hint{Kind: HintIOURing, Process: names.at(k.process, at)})
	}
	for ino := range unfound { // it may be each of them
		for _, name := range slices.Sorted(maps.Keys(k.veiled)) {
			res.Held[ino] = append(res.Held[ino], Hint{Kind: HintVeiledRing, Process: names.at(k.process, k.veiled[name]), Files: name})
		}
		for _, at := range k.queues {
			res.Held[ino] = append(res.Held[ino], Hint{Kind: HintInFlight, Process: names.at(k.process, at)})
		}
	}
}

// search looks for the sockets in every table, and returns what it found in the order of pids.
func (sc *scan) search(ctx context.Context, wanted map[uint32]bool) ([]found, error) {
	if sc.crowded() && sc.initial() && permit.Syscall(unix.SYS_BPF) {
		if all, err := sc.askKernel(ctx, wanted); err == nil {
			return all, nil
		}
	}
	return survey(ctx, sc, func(ctx context.Context, p proc, buf *scratch) (found, error) {
		return sc.openedBy(ctx, p, buf, wanted)
	})
}

// found is what one process has open.
type found struct {
	process    Process
	sockets    map[uint32]place // by inode
	named      map[uint32]bool  // as Result.Named
	unreadable bool
}

// openedBy looks for the wanted sockets in the tables of one process, and reads the details of one that has any.
func (sc *scan) openedBy(ctx context.Context, p proc, buf *scratch, wanted map[uint32]bool) (found, error) {
	var f found
	readable, err := sc.tables(ctx, p, buf, func(at place, link []byte) {
		if ino, ok := parseSocketLink(link); ok && wanted[ino] {
			f.sockets = addPlace(f.sockets, ino, at)
		}
	})
	if err != nil {
		return found{}, err
	}
	f.unreadable = !readable
	if len(f.sockets) == 0 {
		return f, nil
	}
	if f.process, err = sc.readProcess(p, buf); gone(err) {
		return found{}, nil
	}
	return f, err
}

// addPlace keeps the first place of a socket, which is the best: the process's table is read first, and every table
// from its lowest number.
func addPlace[K comparable](places map[K]place, key K, at place) map[K]place {
	if places == nil {
		places = map[K]place{}
	}
	if _, ok := places[key]; !ok {
		places[key] = at
	}
	return places
}
