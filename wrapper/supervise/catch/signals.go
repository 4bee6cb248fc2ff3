//go:build amd64 || arm64

package catch

import (
	"errors"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"portguard/wrapper/become"
)

// Signals delivers the signals of a set, for as long as the process lives; call it once. Those that queue (real-time signals, see
// signal(7)) come each as often as it was sent, though not always in order when they come at once, as each thread of ours
// may take one. SIGKILL and SIGSTOP cannot be caught, nor a signal that the C library of a program with cgo has for itself: they
// are passed over. os/signal does not see what is caught.
//
// A receiver that falls behind by more than the pipe holds (8192 signals, or 512 for a user who has many pipes, see pipe(7))
// learns of each further signal once, as one that carries nothing. Those that do not queue lose nothing by that.
func Signals(set become.SignalSet) (<-chan Info, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	const room = 1 << 20                                            // /proc/sys/fs/pipe-max-size, as it is everywhere
	_, _ = unix.FcntlInt(uintptr(ends[1]), unix.F_SETPIPE_SZ, room) // it has 64 KiB in any case
	self, pipe = int32(os.Getpid()), int32(ends[1])

	runtimes, err := become.ActionOf(unix.SIGURG) // its flags, its mask and the way back are right for ours as well
	if err != nil {
		return nil, err
	}
	if !runtimes.IsFunction() {
		return nil, errors.New("the Go runtime does not handle SIGURG")
	}
	runtimeHandler = runtimes.Handler
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if !set.Has(sig) || sig == unix.SIGKILL || sig == unix.SIGSTOP {
			continue
		}
		now, err := become.ActionOf(sig)
		if err != nil {
			return nil, err
		}
		if now.IsFunction() && now.Handler != runtimes.Handler {
			continue
		}
		ours := runtimes
		ours.Handler = address()
		if err := ours.Set(sig); err != nil {
			return nil, err
		}
	}
	all := make(chan Info)
	go deliver(os.NewFile(uintptr(ends[0]), "signals"), all)
	return all, nil
}

func deliver(from *os.File, to chan<- Info) {
	var some [32 * infoSize]byte // a write of one is atomic, so none is read in part
	for {
		n, err := from.Read(some[:])
		if err != nil {
			return // not as long as the other end is open
		}
		for at := 0; at < n; at += infoSize {
			if info := Info(some[at:]); info != nothing {
				to <- info
			}
		}
		// After the read: the handler writes first, and says so here when it cannot.
		missed := become.SignalSet(atomic.SwapUint64(&unwritten, 0))
		for sig := unix.Signal(1); missed != 0 && sig <= lastSignal; sig++ {
			if missed.Has(sig) {
				to <- fromKernel(sig)
			}
		}
	}
}
