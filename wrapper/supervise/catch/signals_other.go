//go:build !amd64 && !arm64

package catch

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"portguard/wrapper/become"
)

// Signals delivers the signals of a set, for as long as the process lives, as far as os/signal tells of them: none of 32 to
// 34, without values, and, when they come fast, not as often as they were sent. SIGPIPE and SIGURG are left out, as those of
// others cannot be told from our own.
func Signals(set become.SignalSet) (<-chan Info, error) {
	incoming := make(chan os.Signal, 128)
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if set.Has(sig) && sig != unix.SIGPIPE && sig != unix.SIGURG {
			signal.Notify(incoming, sig)
		}
	}
	all := make(chan Info)
	go func() {
		for sig := range incoming {
			all <- fromKernel(sig.(unix.Signal))
		}
	}()
	return all, nil
}
