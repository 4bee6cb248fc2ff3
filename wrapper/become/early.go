//go:build amd64 || arm64

package become

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What is in this file works before the Go runtime has started: see [cramped].

const word = unsafe.Sizeof(uintptr(0))

var (
	early    [1024]byte // the line that is about to be written
	earlyLen uintptr
	mute     bool                                              // write(2) would be the end
	found    [4096 + 4096]byte                                 // a path in a directory of PATH
	shName   = [...]byte{'/', 'b', 'i', 'n', '/', 's', 'h', 0} // [shell]
)

// put adds to the line.
//
//go:nosplit
//go:norace
//go:nocheckptr
func put(s string) {
	for i := 0; i < len(s) && earlyLen < uintptr(len(early)); i++ {
		early[earlyLen] = s[i]
		earlyLen++
	}
}

// flush writes the line to stderr.
//
//go:nosplit
//go:norace
//go:nocheckptr
func flush() {
	if !mute {
		_, _, _ = syscall.RawSyscall6(unix.SYS_WRITE, 2, uintptr(unsafe.Pointer(&early)), earlyLen, 0, 0, 0)
	}
	earlyLen = 0
}

// die ends the line, and the process.
//
//go:nosplit
//go:norace
//go:nocheckptr
func die(why string, status uintptr) {
	put(why)
	put("\n")
	flush()
	for {
		_, _, _ = syscall.RawSyscall6(unix.SYS_EXIT_GROUP, status, 0, 0, 0, 0, 0)
	}
}

// waitEarly is the wait status of a child, negative when the wait was interrupted.
//
//go:nosplit
//go:norace
//go:nocheckptr
func waitEarly(pid uintptr) int32 {
	var status int32
	_, _, errno := syscall.RawSyscall6(unix.SYS_WAIT4, pid, uintptr(unsafe.Pointer(&status)), unix.WALL, 0, 0, 0)
	if errno == unix.EINTR {
		return -1
	}
	return status
}

// arguments is argv as the kernel laid it out: see [stackEnviron].
//
//go:nosplit
//go:norace
//go:nocheckptr
func arguments() **byte { return (**byte)(unsafe.Add(startStack, word)) }

// environment is what follows argv.
//
//go:nosplit
//go:norace
//go:nocheckptr
func environment() **byte {
	argc := *(*uintptr)(startStack)
	return (**byte)(unsafe.Add(startStack, word*(1+argc+1)))
}

// at is entry i of argv or the environment, nil behind the last.
//
//go:nosplit
//go:norace
//go:nocheckptr
func at(list **byte, i uintptr) *byte { return *(**byte)(unsafe.Add(unsafe.Pointer(list), i*word)) }

// changedIdentity reports whether this is a set-user-ID or set-group-ID program, which starts no COMMAND.
//
//go:nosplit
//go:norace
//go:nocheckptr
func changedIdentity() bool {
	list := environment()
	i := uintptr(0)
	for at(list, i) != nil {
		i++
	}
	const atUID, atEUID, atGID, atEGID = 11, 12, 13, 14
	var ids [atEGID + 1]uintptr
	for aux := (*[2]uintptr)(unsafe.Add(unsafe.Pointer(list), (i+1)*word)); aux[0] != 0; aux = (*[2]uintptr)(unsafe.Add(unsafe.Pointer(aux), 2*word)) {
		if aux[0] < uintptr(len(ids)) {
			ids[aux[0]] = aux[1]
		}
	}
	return ids[atUID] != ids[atEUID] || ids[atGID] != ids[atEGID]
}

// variable is the value of the first variable of the environment with this name and "=", nil without one.
//
//go:nosplit
//go:norace
//go:nocheckptr
func variable(name string) *byte {
	list := environment()
	for i := uintptr(0); at(list, i) != nil; i++ {
		if value := after(at(list, i), name); value != nil {
			return value
		}
	}
	return nil
}

// after is what follows a prefix, nil where the string does not begin with it.
//
//go:nosplit
//go:norace
//go:nocheckptr
func after(s *byte, prefix string) *byte {
	for i := 0; i < len(prefix); i++ {
		if *s != prefix[i] {
			return nil
		}
		s = (*byte)(unsafe.Add(unsafe.Pointer(s), 1))
	}
	return s
}
