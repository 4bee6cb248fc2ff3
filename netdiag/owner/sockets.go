package owner

import "context"

// Place is where a process has a socket open.
type Place struct {
	PID, TID, FD int // as in Process
	Inode        uint32
}

// Sockets lists every socket that any process has open, each process's once, ordered by pid. It is for finding sockets
// that the kernel's own lists leave out; to find the owners of known ones, Find does less.
func (s Scanner) Sockets(ctx context.Context) ([]Place, error) {
	sc, err := s.scan()
	if err != nil {
		return nil, err
	}
	defer sc.close()
	answers, err := survey(ctx, sc, func(ctx context.Context, p proc, buf *scratch) (places []Place, err error) {
		seen := map[uint32]bool{}
		_, err = sc.tables(ctx, p, buf, func(at place, link []byte) {
			if ino, ok := parseSocketLink(link); ok && !seen[ino] {
				seen[ino] = true
				places = append(places, Place{PID: p.pid, TID: at.tid, FD: at.fd, Inode: ino})
			}
		})
		return places, err
	})
	if err != nil {
		return nil, err
	}
	var all []Place
	for _, places := range answers {
		all = append(all, places...)
	}
	return all, nil
}
