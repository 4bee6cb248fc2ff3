// Package catch answers one question: which signals come to this process, and what do they carry?
//
// os/signal answers it for an ordinary program. Whoever passes signals on needs more: those from 32 to 34, which it does not
// deliver; SIGPIPE and SIGURG from others, apart from the runtime's own; and of signals that queue, each one with its value.
// So this package has a signal handler of its own, in assembly, as it may run where no Go code can. It writes what the kernel
// tells it into a pipe, and that is all.
//
// What is the runtime's stays with it: faults, and what the process sends to itself. That is SIGURG to preempt a goroutine, 33
// to make a system call on every thread, and SIGPIPE or SIGXFSZ for a write that failed.
//
// On architectures without the handler it is os/signal with what that can tell.
package catch
