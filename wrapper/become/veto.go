package become

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/netdiag/permit"
)

// atExecveCheck has execveat(2) find out whether it would execute a file, and stop there (AT_EXECVE_CHECK, Linux 6.14).
const atExecveCheck = 0x10000

// Vetoed returns the error that execve will give for path, which comes from [Resolve] for command, if a security module forbids it (a profile of
// AppArmor's, a policy of SELinux's, Landlock), or who watches executions by fanotify(7). No file's mode tells of these, and only the kernel can be asked. nil: nobody is known to forbid it.
//
// An older kernel refuses the question, and a seccomp filter might end the process for it or answer in the kernel's place: then nothing is known.
// Other errors may be gone by the time of the exec (ETXTBSY), or are for it to say.
func Vetoed(command, path string) error {
	if permit.Filtered() {
		return nil
	}
	name, err := unix.BytePtrFromString(path)
	if err != nil {
		return nil
	}
	argv, environ := [2]*byte{name}, [1]*byte{}
	at := unix.AT_FDCWD
	_, _, errno := unix.Syscall6(unix.SYS_EXECVEAT, uintptr(at), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&argv)),
		uintptr(unsafe.Pointer(&environ)), atExecveCheck, 0)
	if errno != unix.EACCES && errno != unix.EPERM {
		return nil
	}
	return &Error{Command: command, Path: path, Err: veto{errno}}
}

// veto is the error of a file that may be executed, by its mode and by where it is.
type veto struct{ errno unix.Errno }

func (v veto) Error() string {
	return v.errno.Error() + ", by a security module (AppArmor, SELinux, Landlock) or a watcher of executions (fapolicyd), and not by the file's mode"
}

func (v veto) Unwrap() error { return v.errno }
