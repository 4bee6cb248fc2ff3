package owner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"

	"portguard/netdiag/owner/fdwalk"
	"portguard/netdiag/release"
)

// crowd is how many open files make it worth while to ask the kernel: that costs as much as reading some thousand links.
const crowd = 10_000

// crowded reads whether the host has so many files open.
func (sc *scan) crowded() bool { return sc.openFiles() > crowd }

// openFiles reads how many files the host has open (fs/file_table.c); a process that inherits one does not count. 0: not known.
func (sc *scan) openFiles() int {
	b, _, err := readFile(sc.root, "sys/fs/file-nr", make([]byte, 0, 64), 64)
	if err != nil {
		return 0
	}
	first, _, _ := bytes.Cut(b, []byte("\t"))
	n, err := strconv.Atoi(string(first))
	if err != nil {
		return 0
	}
	return n
}

// spread reports whether several processors are to walk through the tables, each process by itself.
func (sc *scan) spread() bool {
	if runtime.GOMAXPROCS(0) == 1 || !sc.compare || !release.Since(6, 12) {
		return false
	}
	pids, err := sc.pids()
	return err == nil && pays(sc.openFiles(), len(pids))
}

// pays: the processes have many files open in the mean. To begin a walk takes as long as some fifty descriptors.
func pays(files, processes int) bool { return files > 1000*processes }

// initial reports whether this proc file system numbers the processes as the kernel itself does.
func (sc *scan) initial() bool {
	ns, err := sc.link("self/ns/pid")
	return err == nil && sc.foreign == nil && ns == initialPIDNamespace
}

// askKernel has the kernel look through all tables. No table is closed to it, so none of what it returns is unreadable.
func (sc *scan) askKernel(ctx context.Context, wanted map[uint32]bool) ([]found, error) {
	walker, err := fdwalk.Load(slices.Collect(maps.Keys(wanted)))
	if err != nil {
		return nil, err
	}
	defer walker.Close()
	if sc.spread() {
		if all, err := sc.walkEach(ctx, walker, wanted); err == nil {
			return all, nil
		}
	}
	return sc.walkAll(ctx, walker, wanted)
}

// walkAll is one walk through the tables of all processes.
func (sc *scan) walkAll(ctx context.Context, walker *fdwalk.Walker, wanted map[uint32]bool) ([]found, error) {
	seen := map[int]*found{} // by process
	err := walker.All(ctx, func(d fdwalk.Descriptor) {
		if seen[d.PID] == nil {
			seen[d.PID] = new(found)
		}
		seen[d.PID].see(d)
	})
	if err != nil {
		return nil, err
	}
	var all []found
	buf := new(scratch)
	for _, pid := range slices.Sorted(maps.Keys(seen)) {
		p, err := sc.open(pid)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
		f, err := sc.confirm(ctx, p, *seen[pid], buf, wanted)
		closeDir(p.dir)
		if err != nil {
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
		all = append(all, f)
	}
	return all, ctx.Err()
}

// manyTables are more than the threads of a process have to themselves. kcmp(2) was refused then, most likely, and each thread would have the
// process's table walked once more.
const manyTables = 16

var errManyTables = errors.New("every thread seems to have a table of its own")

// walkEach walks through the tables of each process by itself.
func (sc *scan) walkEach(ctx context.Context, walker *fdwalk.Walker, wanted map[uint32]bool) ([]found, error) {
	return survey(ctx, sc, func(ctx context.Context, p proc, buf *scratch) (found, error) {
		own, err := sc.ownTables(p, buf)
		if err != nil {
			return found{}, err
		}
		if len(own) > manyTables {
			return found{}, errManyTables
		}
		var f found
		for _, tid := range append([]int{p.pid}, own...) {
			if err := walker.Table(ctx, tid, f.see); err != nil {
				return found{}, err
			}
		}
		if len(f.sockets) == 0 {
			return found{}, nil
		}
		return sc.confirm(ctx, p, f, buf, wanted)
	})
}

// see notes what the kernel has seen.
func (f *found) see(d fdwalk.Descriptor) {
	at := place{tid: d.TID, fd: d.FD}
	if d.TID == d.PID {
		at.tid = 0
	}
	if f.sockets == nil {
		f.sockets = map[uint32]place{}
	}
	if f.named == nil {
		f.named = map[uint32]bool{}
	}
	f.named[d.Inode] = d.Named
	old, known := f.sockets[d.Inode]
	if !known || at.tid < old.tid { // the process's own table is the best; in each, the lowest number comes first
		f.sockets[d.Inode] = at
	}
}

// confirm reads the details of a process and, as far as it may, checks that it still has the sockets where the kernel saw
// them: it, or another with its pid, may have changed its table since.
func (sc *scan) confirm(ctx context.Context, p proc, f found, buf *scratch, wanted map[uint32]bool) (found, error) {
	for ino, at := range f.sockets {
		link, err := readLink(p.dir, append([]byte(under(at.tid, "fd/")+strconv.Itoa(at.fd)), 0), buf.link[:])
		if denied(err) {
			break
		}
		if err != nil && !gone(err) {
			return found{}, err
		}
		if now, ok := parseSocketLink(link); !ok || now != ino {
			return sc.openedBy(ctx, p, buf, wanted)
		}
	}
	var err error
	if f.process, err = sc.readProcess(p, buf); gone(err) {
		return found{}, nil
	}
	return f, err
}
