package cli

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"portguard/wrapper/become"
)

// Interrupted is a signal that ended the work before it was done.
type Interrupted struct {
	Signal  syscall.Signal
	Command bool // there is one, and it was not started
}

func (e *Interrupted) Error() string {
	text := "ended by " + unix.SignalName(e.Signal)
	if e.Command {
		text += "; the command was not started"
	}
	return text
}

// WithSignals is a context that ends with the signals that ask a process to end. Those that were ignored when portguard
// was started stay ignored, as nohup and background jobs expect. A broken pipe on stderr must not end it either. command
// says that all this is for one to start.
func WithSignals(in become.Inherited, command bool) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signal.Ignore(syscall.SIGPIPE)
	incoming := make(chan os.Signal, 1)
	ending := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}
	for _, sig := range ending {
		if in.Ignored.Has(sig) || sig == syscall.SIGQUIT {
			signal.Ignore(sig) // the Go runtime has taken some of them back, and SIGQUIT it does not know as become.Mortal left it
		}
		if !in.Ignored.Has(sig) {
			signal.Notify(incoming, sig)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		sig, ok := <-incoming
		if !ok {
			return
		}
		end := sig.(syscall.Signal)
		cancel(&Interrupted{end, command})
		// Whoever is stuck, in a pipe that nobody reads, cannot see that; and who asks twice is not kept waiting.
		select {
		case _, again := <-incoming:
			if !again {
				return
			}
		case <-time.After(unwinding):
		}
		DieOf(end)
	}()
	return ctx, sync.OnceFunc(func() {
		// One that comes between now and the exec ends the process, as it would have ended the service.
		for _, sig := range ending {
			if !in.Ignored.Has(sig) {
				signal.Reset(sig)
				become.Default(sig)
			}
		}
		close(incoming)
		<-done
	})
}

// unwinding is how long after a signal everything may take to come to its end.
const unwinding = 3 * time.Second

// DieOf ends the process by the signal that asked for it, so that whoever started it sees that. The first process of a pid
// namespace cannot die of its own signals, and exits as a shell would say it.
func DieOf(sig syscall.Signal) {
	if os.Getpid() == 1 {
		os.Exit(128 + int(sig))
	}
	become.Default(sig)
	_ = syscall.Kill(os.Getpid(), sig)
	select {} // until it arrives
}
