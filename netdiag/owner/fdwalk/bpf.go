package fdwalk

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newSet returns a map of the kernel's that has these inodes for keys.
func newSet(inodes []uint32) (int, error) {
	create := struct{ kind, keySize, valueSize, entries uint32 }{unix.BPF_MAP_TYPE_HASH, 4, 1, uint32(len(inodes))}
	set, err := bpf(unix.BPF_MAP_CREATE, unsafe.Pointer(&create), unsafe.Sizeof(create))
	if err != nil {
		return -1, fmt.Errorf("make a map: %w", err)
	}
	values := make([]byte, len(inodes))
	var pin runtime.Pinner
	defer pin.Unpin()
	update := struct {
		in, out, keys, values uint64
		count, set            uint32
		entryFlags, flags     uint64
	}{keys: pinned(&pin, &inodes[0]), values: pinned(&pin, &values[0]), count: uint32(len(inodes)), set: uint32(set)}
	if _, err := bpf(unix.BPF_MAP_UPDATE_BATCH, unsafe.Pointer(&update), unsafe.Sizeof(update)); err != nil {
		unix.Close(set)
		return -1, fmt.Errorf("fill a map: %w", err)
	}
	return set, nil
}

// iterate returns a descriptor that walks when it is read: through the tables of all processes, or with tid of one thread's alone.
func iterate(prog, tid int) (int, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	of := struct{ tid, pid, pidFD uint32 }{tid: uint32(tid)} // of union bpf_iter_link_info
	create := struct {
		prog, target, attachType, flags uint32
		of                              uint64
		ofLen                           uint32
	}{prog: uint32(prog), attachType: unix.BPF_TRACE_ITER}
	if tid != 0 {
		create.of, create.ofLen = pinned(&pin, &of), uint32(unsafe.Sizeof(of))
	}
	link, err := bpf(unix.BPF_LINK_CREATE, unsafe.Pointer(&create), unsafe.Offsetof(create.ofLen)+unsafe.Sizeof(create.ofLen))
	if err != nil {
		return -1, fmt.Errorf("attach to the iterator: %w", err)
	}
	defer unix.Close(link)
	iter := struct{ link, flags uint32 }{link: uint32(link)}
	fd, err := bpf(unix.BPF_ITER_CREATE, unsafe.Pointer(&iter), unsafe.Sizeof(iter))
	if err != nil {
		return -1, fmt.Errorf("make the iterator: %w", err)
	}
	return fd, nil
}

// load has the kernel verify and take the program. Only programs whose licence is compatible with the GPL may write to an
// iterator's descriptor.
func load(program []uint64, attach uint32) (int, error) {
	licence := []byte("Dual MIT/GPL\x00")
	var pin runtime.Pinner
	defer pin.Unpin()
	attr := struct { // of union bpf_attr, what BPF_PROG_LOAD takes, as far as it is used
		kind, count      uint32
		program, licence uint64
		logLevel, log    uint32
		logBuf           uint64
		version, flags   uint32
		name             [unix.BPF_OBJ_NAME_LEN]byte
		device           uint32
		attachType       uint32
		btf              [9]uint32 // of the program's own
		attach           uint32
		attachProgram    uint32
	}{
		kind: unix.BPF_PROG_TYPE_TRACING, attachType: unix.BPF_TRACE_ITER, attach: attach,
		count:   uint32(len(program)),
		program: pinned(&pin, &program[0]),
		licence: pinned(&pin, &licence[0]),
	}
	copy(attr.name[:], "portguard_fds")
	for attempts := 5; ; attempts-- {
		fd, err := bpf(unix.BPF_PROG_LOAD, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
		if errors.Is(err, unix.EAGAIN) && attempts > 0 {
			continue // a signal came while the kernel verified it
		}
		if err != nil {
			return -1, fmt.Errorf("load the program: %w", err)
		}
		return fd, nil
	}
}

// pinned is an address as bpf(2) takes it: the runtime does not see it there, and must not move what it points to.
func pinned[T any](pin *runtime.Pinner, p *T) uint64 {
	pin.Pin(p)
	return uint64(uintptr(unsafe.Pointer(p)))
}

// bpf is bpf(2). Its descriptors are close-on-exec.
func bpf(command uintptr, attr unsafe.Pointer, size uintptr) (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_BPF, command, uintptr(attr), size)
	if errno != 0 {
		return -1, os.NewSyscallError("bpf", errno)
	}
	return int(fd), nil
}
