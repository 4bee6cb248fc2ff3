// Package supervise answers one question: how does a service stay up, from one start to the next, without an init system?
//
// A Supervisor is the parent of the service and behaves towards it as an init does, as pid 1 of a container or under any other
// parent: it passes signals on, reaps what nobody else does, stops and continues together with the service, hands it the
// terminal, and ends with its status. Whatever descends from the service ends with the service, and nothing else does: see [foster].
//
// It needs /proc. One process can have one Supervisor at a time, on the main thread: signals, children and the terminal are
// the process's.
package supervise

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
	"portguard/wrapper/ready"
	"portguard/wrapper/supervise/notify"
)

// Watcher is told what happens while it happens.
type Watcher interface {
	// Listening: the service listens on every endpoint, this long after its start.
	Listening(after time.Duration)
	// NotListening: it does not on all of them, or by half, after Supervisor.ReadyTimeout, and is stopped.
	NotListening([]ready.Finding)
	// CannotTell: whether it listens cannot be asked, so it is left to run.
	CannotTell(error)
	// Followed: the service has ended, and this process, which it has started and which has its port, is the service now.
	Followed(owner.Stat)
	// LeftBehind: the service has ended early and with status 0. These processes go on, none with its port, and are ended.
	LeftBehind([]owner.Stat)
	// Unended: these, which the service has left behind, cannot be ended, and are told of once. The next run begins beside them.
	Unended([]Unended)
	// Escalating: a service that was asked to stop is killed. again: it was asked a second time.
	Escalating(again bool)
	// Ended is called when nothing of a run is left, and says what follows. By itself: nobody asked for it.
	Ended(Run, Decision)
}

// Run is one start of the service, and its end.
type Run struct {
	Err      error // why it was not started; nil when it was
	Status   Status
	Ran      time.Duration
	NotReady bool // it was stopped because it did not listen in time
	Asked    bool // a signal had asked it to stop, or the terminal
	// Obeyed is a signal that was passed on and is taken for such a request, as the service has ended by it; else it would be
	// started again. 0: none.
	Obeyed unix.Signal
}

func (r Run) failed() bool { return r.Err != nil || r.NotReady || r.Status != Status{} }

// Supervisor keeps a service up. Verb, Service, Prepare, StopTimeout and Watcher have to be set.
type Supervisor struct {
	Service Service
	// Verb is the argument with which this program calls Enter.
	Verb   string
	Policy Policy
	// Endpoints are what the service has to listen on, whole, within ReadyTimeout of its start. 0: that is not looked at.
	Endpoints    []netdiag.Endpoint
	ReadyTimeout time.Duration
	// StopTimeout is how long the service and what it has started may take to end once they are asked to.
	StopTimeout time.Duration
	// StopSignal asks the service to stop, as SIGTERM and SIGINT do. 0: no other.
	StopSignal unix.Signal
	// Group: signals are passed on to the service's process group, which it gets to itself.
	Group bool
	// Prepare is called before each start. It returns the descriptors by which the endpoints are held from then on. Its error is a start that
	// failed. It must not have children that a plain wait(2) knows of: every child that ends is reaped.
	Prepare func(context.Context) (held []int, err error)
	Watcher Watcher
	// Notify speaks to the service manager for the service, which has been given its address. nil: there is no manager.
	Notify *notify.Proxy
}

// Interrupted is a signal that ended the supervision while no service was running.
type Interrupted struct{ Signal unix.Signal }

func (e *Interrupted) Error() string { return "ended by " + pidfd.SignalName(e.Signal) }

// Supervise runs the service until the policy, or a signal, says that it was the last time. It returns the last run. The error
// is *Interrupted: no service had run by then, or the last one had ended before.
func (s *Supervisor) Supervise() (Run, error) {
	// A service's orphans become our children, and none is missed. (Linux 3.4; pid 1 has them anyway.)
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	signals, err := listen(s.Service.Inherited)
	if err != nil {
		return Run{Err: err}, nil
	}
	// Whatever is started in a container and left alone becomes a child of its pid 1.
	l := &loop{Supervisor: s, shared: os.Getpid() == 1 || !childless(), signals: signals, left: leftovers{}}
	l.looker = ready.New(s.Endpoints, ready.Whose{Family: l.family})
	defer l.looker.Close()
	defer s.Notify.Stopping()
	began := time.Now()
	var h history
	for {
		run := l.once()
		s.Notify.Ended()
		if l.interrupted != 0 {
			return run, &Interrupted{l.interrupted}
		}
		var next Decision
		if !run.Asked && run.Obeyed == 0 {
			next = s.Policy.next(&h, End{At: time.Since(began), Ran: run.Ran, Failed: run.failed()})
		}
		s.Watcher.Ended(run, next)
		if !next.Again {
			return run, nil
		}
		if sig := l.pause(next.After); sig != 0 {
			return run, &Interrupted{sig}
		}
	}
}

// once is one start and its end.
func (l *loop) once() Run {
	if err := l.prepare(); err != nil || l.interrupted != 0 {
		return Run{Err: err}
	}
	start := time.Now()
	if err := l.start(); err != nil {
		return Run{Err: err}
	}
	l.Notify.Begun(l.pid, l.root(), l.ReadyTimeout)
	l.attend(start)
	l.sweep()
	r := Run{Status: l.status, Ran: l.ended.Sub(start), NotReady: l.late, Asked: l.asked.made() || l.terminal && l.status.fromKeyboard()}
	if !r.Asked && !r.NotReady && l.Policy.wants(r.failed()) {
		r.Obeyed = l.hints.obeyed(l.status, l.ended, l.StopTimeout)
	}
	return r
}

// prepare runs Prepare, which a signal may end. Orphans are reaped meanwhile: it may take long.
func (l *loop) prepare() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		held, err := l.Prepare(ctx)
		l.looker.Known(held) // nobody looks before there is a service
		done <- err
	}()
	l.reap() // what ended before we were told
	for {
		select {
		case err := <-done:
			return err
		case info := <-l.signals:
			if by := l.idle(info); by != 0 && l.interrupted == 0 {
				l.interrupted = by
				cancel()
			}
		}
	}
}

// pause waits before a restart, and returns the signal that ended it, or 0.
func (l *loop) pause(d time.Duration) unix.Signal {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return 0
		case info := <-l.signals:
			if by := l.idle(info); by != 0 {
				return by
			}
		}
	}
}
