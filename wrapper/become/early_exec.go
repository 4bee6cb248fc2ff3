//go:build amd64 || arm64

package become

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// commandOf is the place of COMMAND in argv, 0 where none is to be started: where another command of portguard's comes first,
// and where the flags ask for words alone.
//
//go:nosplit
//go:norace
//go:nocheckptr
func commandOf(argv **byte) uintptr {
	for i := uintptr(1); at(argv, i) != nil; i++ {
		arg := at(argv, i)
		rest := after(arg, "--")
		switch {
		case rest != nil && *rest == 0:
			if at(argv, i+1) == nil {
				return 0
			}
			return i + 1
		case i == 1 && *arg != '-':
			return 0
		case is(arg, "-h"), is(arg, "-V"), after(arg, "--help") != nil, after(arg, "--version") != nil, after(arg, "--dry-run") != nil:
			return 0
		}
	}
	return 0
}

//go:nosplit
//go:norace
//go:nocheckptr
func is(s *byte, text string) bool {
	end := after(s, text)
	return end != nil && *end == 0
}

// executeEarly becomes COMMAND, as [Exec] does: found as [Resolve] finds it, and run by /bin/sh where it is a script without
// "#!". Nothing has to be put back.
//
//go:nosplit
//go:norace
//go:nocheckptr
func executeEarly(argv **byte, command uintptr) {
	name := at(argv, command)
	var refused syscall.Errno
	if hasSlash(name) {
		refused = tryEarly(name, argv, command)
	} else if *name != 0 {
		refused = searchEarly(name, argv, command)
	}
	if refused != 0 && refused != unix.ENOENT && refused != unix.ENOTDIR {
		die("portguard: cannot execute COMMAND", 126)
	}
	die("portguard: COMMAND not found", 127)
}

// searchEarly tries the directories of PATH, and returns the error of the first file that was there.
//
//go:nosplit
//go:norace
//go:nocheckptr
func searchEarly(name *byte, argv **byte, command uintptr) (refused syscall.Errno) {
	dir := variable("PATH=")
	if dir == nil {
		dir = unsafe.StringData("/bin:/usr/bin\x00")
	}
	for {
		n := uintptr(0)
		for ; *dir != 0 && *dir != ':'; dir = next(dir) {
			n = keep(n, *dir)
		}
		if n > 0 {
			n = keep(n, '/')
		}
		for p := name; *p != 0; p = next(p) {
			n = keep(n, *p)
		}
		if n < uintptr(len(found))-1 { // else it was longer than any path
			found[n] = 0
			err := tryEarly(&found[0], argv, command)
			if refused == 0 && err != unix.ENOENT && err != unix.ENOTDIR {
				refused = err
			}
		}
		if *dir == 0 {
			return refused
		}
		dir = next(dir)
	}
}

// keep adds a byte to the path.
//
//go:nosplit
//go:norace
//go:nocheckptr
func keep(n uintptr, b byte) uintptr {
	if n < uintptr(len(found))-1 {
		found[n] = b
		n++
	}
	return n
}

// tryEarly executes a path. It returns only on failure. The two places before COMMAND's arguments are free by then: those
// of "--" and of COMMAND.
//
//go:nosplit
//go:norace
//go:nocheckptr
func tryEarly(path *byte, argv **byte, command uintptr) syscall.Errno {
	own := unsafe.Add(unsafe.Pointer(argv), command*word)
	env := uintptr(unsafe.Pointer(environment()))
	_, _, errno := syscall.RawSyscall6(unix.SYS_EXECVE, uintptr(unsafe.Pointer(path)), uintptr(own), env, 0, 0, 0)
	if errno != unix.ENOEXEC {
		return errno
	}
	byShell := (*[2]uintptr)(unsafe.Add(own, -int(word))) // no pointers: storing those is the garbage collector's affair
	given := *byShell
	byShell[0], byShell[1] = uintptr(unsafe.Pointer(&shName)), uintptr(unsafe.Pointer(path))
	_, _, errno = syscall.RawSyscall6(unix.SYS_EXECVE, uintptr(unsafe.Pointer(&shName)), uintptr(unsafe.Pointer(byShell)), env, 0, 0, 0)
	*byShell = given
	return errno
}

//go:nosplit
//go:norace
//go:nocheckptr
func hasSlash(s *byte) bool {
	for ; *s != 0; s = next(s) {
		if *s == '/' {
			return true
		}
	}
	return false
}

//go:nosplit
//go:norace
//go:nocheckptr
func next(s *byte) *byte { return (*byte)(unsafe.Add(unsafe.Pointer(s), 1)) }
