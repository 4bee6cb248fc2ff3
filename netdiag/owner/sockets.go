package owner

import "context"

// Place is where a process has a socket open.
type Place struct {
	PID, TID, FD int // as in Process
	Inode        uint32
}

// Sockets lists every socket that any process has open, each process's once, ordered by pid. It is for finding sockets
// that the kernel's own lists leave out; to find the owners of known ones, Find does less. all is false when there may be
// more: in a process whose descriptors are closed to us, or in one that does not show.
func (s Scanner) Sockets(ctx context.Context) (places []Place, all bool, err error) {
	sc, err := s.scan()
	if err != nil {
		return nil, false, err
	}
	defer sc.close()
	type opened struct {
		places     []Place
		unreadable bool
	}
	answers, err := survey(ctx, sc, func(ctx context.Context, p proc, buf *scratch) (o opened, err error) {
		seen := map[uint32]bool{}
		readable, err := sc.tables(ctx, p, buf, func(at place, link []byte) {
			if ino, ok := parseSocketLink(link); ok && !seen[ino] {
				seen[ino] = true
				o.places = append(o.places, Place{PID: p.pid, TID: at.tid, FD: at.fd, Inode: ino})
			}
		})
		o.unreadable = !readable
		return o, err
	})
	if err != nil {
		return nil, false, err
	}
	all = !sc.hidepid() && !sc.childPIDNamespace()
	for _, o := range answers {
		places = append(places, o.places...)
		all = all && !o.unreadable
	}
	return places, all, nil
}

// Has lists which of some sockets a process has open, and looks no further when it has all of them. It tells of the process's
// own table, as far as that is open to us.
func (s Scanner) Has(pid int, inodes []uint32) []uint32 {
	p, err := s.open(pid)
	if err != nil {
		return nil
	}
	defer closeDir(p.dir)
	fds, err := openDir(p.dir, "fd")
	if err != nil {
		return nil
	}
	defer closeDir(fds)
	buf := new(scratch)
	wanted := map[uint32]bool{}
	for _, ino := range inodes {
		wanted[ino] = true
	}
	var has []uint32
	const all Error = "all found"
	_ = eachEntry(fds, buf.entries[:], func(e dirent) error { // what was found before an error stands
		link, err := readLink(fds, e.cname, buf.link[:])
		ino, ok := parseSocketLink(link)
		if err != nil || !ok || !wanted[ino] {
			return nil
		}
		delete(wanted, ino)
		if has = append(has, ino); len(wanted) == 0 {
			return all
		}
		return nil
	})
	return has
}

// Conceals reports whether a process may have sockets that its descriptors do not show: they are closed to us, or an io_uring is among
// them.
func (s Scanner) Conceals(pid int) bool {
	sc, err := s.scan()
	if err != nil {
		return true
	}
	defer sc.close()
	p, err := sc.open(pid)
	if err != nil {
		return true
	}
	defer closeDir(p.dir)
	ring := false
	readable, err := sc.tables(context.Background(), p, new(scratch), func(_ place, link []byte) { ring = ring || string(link) == ringLink })
	return err != nil || !readable || ring
}

// ClosesOnExec reports whether a descriptor of a process is closed when the process becomes another program. known is false where
// that is closed to us.
func (s Scanner) ClosesOnExec(p Process) (closes, known bool) {
	at, err := s.open(p.PID)
	if err != nil {
		return false, false
	}
	defer closeDir(at.dir)
	return parseCloseOnExec(fdinfo(at, place{p.TID, p.FD}, new(scratch)))
}
