package owner

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"portguard/netdiag/owner/fdwalk"
)

// crowd is how many open files make it worth while to ask the kernel: that costs as much as reading some thousand links.
const crowd = 10_000

// crowded reads how many files the host has open (fs/file_table.c); a process that inherits one does not count.
func (sc *scan) crowded() bool {
	b, _, err := readFile(sc.root, "sys/fs/file-nr", make([]byte, 0, 64), 64)
	if err != nil {
		return false
	}
	first, _, _ := bytes.Cut(b, []byte("\t"))
	n, err := strconv.Atoi(string(first))
	return err == nil && n > crowd
}

// initial reports whether this proc file system numbers the processes as the kernel itself does.
func (sc *scan) initial() bool {
	ns, err := sc.link("self/ns/pid")
	return err == nil && sc.foreign == nil && ns == initialPIDNamespace
}

// askKernel has the kernel look through all tables. No table is closed to it, so none of what it returns is unreadable.
func (sc *scan) askKernel(ctx context.Context, wanted map[uint32]bool) ([]found, error) {
	inodes := slices.Collect(maps.Keys(wanted))
	seen := map[int]found{} // by process
	err := fdwalk.Walk(ctx, inodes, func(d fdwalk.Descriptor) {
		at := place{tid: d.TID, fd: d.FD}
		if d.TID == d.PID {
			at.tid = 0
		}
		f, ok := seen[d.PID]
		if !ok {
			f = found{sockets: map[uint32]place{}, named: map[uint32]bool{}}
			seen[d.PID] = f
		}
		f.named[d.Inode] = d.Named
		old, known := f.sockets[d.Inode]
		if !known || at.tid < old.tid { // the process's own table is the best; in each, the lowest number comes first
			f.sockets[d.Inode] = at
		}
	})
	if err != nil {
		return nil, err
	}
	var all []found
	buf := new(scratch)
	for _, pid := range slices.Sorted(maps.Keys(seen)) {
		f, err := sc.confirm(ctx, pid, seen[pid], buf, wanted)
		if err != nil {
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
		all = append(all, f)
	}
	return all, ctx.Err()
}

// confirm reads the details of a process and, as far as it may, checks that it still has the sockets where the kernel saw
// them: it, or another with its pid, may have changed its table since.
func (sc *scan) confirm(ctx context.Context, pid int, f found, buf *scratch, wanted map[uint32]bool) (found, error) {
	p, err := sc.open(pid)
	if gone(err) {
		return found{}, nil
	}
	if err != nil {
		return found{}, err
	}
	defer closeDir(p.dir)
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
	if f.process, err = sc.readProcess(p, buf); gone(err) {
		return found{}, nil
	}
	return f, err
}
