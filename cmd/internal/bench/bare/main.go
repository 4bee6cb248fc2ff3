// Command bare becomes the command that it is given, and does nothing else: what a Go program that execs costs at least.
//
//	bare /bin/true
//	bare -clock COMMAND		writes CLOCK_MONOTONIC (struct timespec) to stdout before
package main

import (
	"os"
	"syscall"
	"unsafe"
)

func main() {
	args := os.Args[1:]
	if args[0] == "-clock" {
		const monotonic = 1
		var now syscall.Timespec
		_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, monotonic, uintptr(unsafe.Pointer(&now)), 0)
		_, _ = syscall.Write(1, unsafe.Slice((*byte)(unsafe.Pointer(&now)), unsafe.Sizeof(now)))
		args = args[1:]
	}
	_ = syscall.Exec(args[0], args, os.Environ())
	os.Exit(126)
}
