// Package fdwalk answers: which descriptor tables have these sockets? It has the kernel itself go through the tables of all
// processes, by a BPF program for the task_file iterator (kernel/bpf/task_iter.c). That takes a tenth or less of the time
// that reading /proc/PID/fd takes, one link after another, and it sees every table, those of threads included.
//
// It needs CAP_BPF and CAP_PERFMON in the first user namespace, or CAP_SYS_ADMIN; Linux 5.11 and newer with
// CONFIG_DEBUG_INFO_BTF; and no seccomp filter that kills for bpf(2). Nothing stays loaded. Where it cannot be had the error
// says why, and /proc does.
package fdwalk

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Descriptor is one descriptor of a socket. PID and TID are those of the first pid namespace. TID is the thread that the
// table was found with: PID for the main thread's, else the table is one of its own.
type Descriptor struct {
	Inode        uint32
	PID, TID, FD int
	// Named: the socket's port was asked for by number in bind() (SOCK_BINDPORT_LOCK). Of an MPTCP socket it tells nothing:
	// the port is its subflows'.
	Named bool
}

// Walker is a program that the kernel has taken, and that looks for some sockets. It may be used by several goroutines at once.
type Walker struct {
	wanted, prog int // descriptors
}

// Load makes a Walker that looks for the sockets with these inodes, of which there is one at least.
func Load(inodes []uint32) (*Walker, error) {
	l, err := readLayout()
	if err != nil {
		return nil, err
	}
	wanted, err := newSet(inodes)
	if err != nil {
		return nil, err
	}
	prog, err := load(program(l, wanted), l.attach)
	if err != nil {
		unix.Close(wanted)
		return nil, err
	}
	return &Walker{wanted, prog}, nil
}

// Close ends the walker: nothing of it stays in the kernel.
func (w *Walker) Close() {
	unix.Close(w.prog)
	unix.Close(w.wanted)
}

// All calls visit for every descriptor of the sockets, in the caller's pid namespace and those below, by ascending TID and FD as
// far as the tables do not change meanwhile. When it returns an error, what was visited is not all.
func (w *Walker) All(ctx context.Context, visit func(Descriptor)) error {
	return w.walk(ctx, 0, 1600, visit) // near the 32 KiB that the kernel gathers for one read()
}

// Table is All for the table of one thread, on Linux 6.12 and newer. Older ones find main threads alone, or take no notice of which was meant.
func (w *Walker) Table(ctx context.Context, tid int, visit func(Descriptor)) error {
	return w.walk(ctx, tid, 64, visit)
}

// walk reads some records at a time.
func (w *Walker) walk(ctx context.Context, tid, some int, visit func(Descriptor)) error {
	iterator, err := iterate(w.prog, tid)
	if err != nil {
		return err
	}
	defer unix.Close(iterator)
	buf := make([]byte, some*recordLen)
	for ctx.Err() == nil {
		n, err := unix.Read(iterator, buf)
		switch {
		case err == unix.EINTR, err == unix.EAGAIN: // EAGAIN: a million descriptors, and none wanted
			continue
		case err != nil:
			return os.NewSyscallError("read", err)
		case n == 0:
			return nil
		case n%recordLen != 0:
			return fmt.Errorf("%d bytes are no whole number of records", n)
		}
		for b := buf[:n]; len(b) > 0; b = b[recordLen:] {
			visit(record(b))
		}
	}
	return ctx.Err()
}

func record(b []byte) Descriptor {
	const bindPortLock = 8 // SOCK_BINDPORT_LOCK of include/net/sock.h
	native := binary.NativeEndian
	return Descriptor{
		Inode: native.Uint32(b),
		PID:   int(native.Uint32(b[4:])),
		TID:   int(native.Uint32(b[8:])),
		FD:    int(native.Uint32(b[12:])),
		Named: native.Uint32(b[16:])&bindPortLock != 0,
	}
}

// readLayout reads the kernel's description of its types, 5 MB. Mapping it (Linux 6.16) costs a tenth of reading it.
func readLayout() (layout, error) {
	const path = "/sys/kernel/btf/vmlinux"
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return layout{}, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return layout{}, os.NewSyscallError("fstat", err)
	}
	b, err := unix.Mmap(fd, 0, int(st.Size), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		if b, err = os.ReadFile(path); err != nil {
			return layout{}, err
		}
		return parseLayout(b)
	}
	defer func() { _ = unix.Munmap(b) }() // our own mapping
	return parseLayout(b)
}
