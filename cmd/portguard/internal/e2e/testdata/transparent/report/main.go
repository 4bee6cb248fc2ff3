// Report prints what a process inherits and only that process can ask for: what /proc does not show. The Go runtime leaves
// all of it alone.
package main

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() { runtime.LockOSThread() } // the parent death signal is the main thread's

func main() {
	var signal int32
	_ = unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&signal)), 0, 0, 0)
	fmt.Println("pdeathsig", signal)

	securebits, _ := unix.PrctlRetInt(unix.PR_GET_SECUREBITS, 0, 0, 0, 0)
	fmt.Println("securebits", securebits)

	alarm, _ := unix.Getitimer(unix.ITIMER_REAL)
	fmt.Println("alarm pending", alarm.Value != unix.Timeval{})

	var subreaper int32
	_ = unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&subreaper)), 0, 0, 0)
	fmt.Println("subreaper", subreaper)

	_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_THREAD_KEYRING, false)
	fmt.Println("thread keyring", err)
	description, err := unix.KeyctlString(unix.KEYCTL_DESCRIBE, unix.KEY_SPEC_SESSION_KEYRING)
	fmt.Println("session keyring", description, err)
}
