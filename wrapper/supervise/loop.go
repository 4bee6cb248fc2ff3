package supervise

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"portguard/wrapper/ready"
	"portguard/wrapper/supervise/catch"
)

// loop is a Supervisor at work. Everything happens on one goroutine, so that a pid that is signalled is one that has not been
// reaped yet.
type loop struct {
	*Supervisor
	shared      bool // others than the service's processes may become our children
	signals     <-chan catch.Info
	interrupted unix.Signal // by which a preparation was ended
	looker      *ready.Looker
	left        leftovers // of all runs
	life                  // the one now, or the last
}

// life is one run of the service.
type life struct {
	pid      int     // 0: the service has been reaped
	foster   *foster // nil: there is none, or it has been killed
	leader   int     // of the process group that the service has to itself; 0: signals go to the service alone
	terminal bool    // it was handed the terminal
	late     bool    // it is stopped because it did not listen in time
	halted   bool    // it is stopped, as by SIGSTOP
	status   Status
	ended    time.Time
	killAt   <-chan time.Time // the end of its patience; nil while nobody has asked it to stop
	asked    request          // for it to stop
	hints    hints
}

func (l *loop) start() (err error) {
	l.life = life{terminal: foreground()}
	group := l.Group || l.terminal
	if l.shared {
		l.foster, l.pid, err = startFoster(l.Service, l.Verb, group, l.terminal)
	} else {
		l.pid, err = l.Service.start(l.Verb, group, l.terminal)
	}
	if group {
		l.leader = l.pid
	}
	return err
}

// attend is with the service until it has ended, and with what succeeds it.
func (l *loop) attend(start time.Time) {
	leader, look := l.leader, l.readiness(start)
	defer look.stop()
	for l.pid != 0 {
		select {
		case info := <-l.signals:
			l.take(info)
		case e := <-l.foster.told():
			l.hear(e)
		case <-l.killAt:
			l.escalate(false)
		case <-look.due():
			l.look(look)
		}
		if l.pid == 0 {
			l.follow(start)
		}
	}
	if l.terminal {
		takeBack(leader)
	}
}

// take does what a signal asks for.
func (l *loop) take(info catch.Info) {
	switch sig := info.Signal(); {
	case sig == unix.SIGCHLD:
		l.reap() // for one that was sent, too: it may have come instead of the kernel's
		if info.Sent() {
			l.send(info)
		}
	case sig == unix.SIGTTIN && !info.Sent():
		// About whoever reads, in a group that we have in common with the service.
	case l.Notify.Ends(sig):
		l.asked.note(sig, time.Now())
		l.stop(info)
	case l.stops(sig):
		l.takeStop(info)
	case sig == unix.SIGCONT:
		if l.terminal && foreground() {
			hand(l.leader)
		}
		l.send(info)
	default:
		l.hints.note(info, time.Now())
		l.send(info)
	}
}

// takeStop asks the service to stop, or does not wait any longer when it was asked before.
func (l *loop) takeStop(info catch.Info) {
	switch l.asked.note(info.Signal(), time.Now()) {
	case firstAsked:
		l.Notify.Stopping()
		if l.late {
			l.send(info) // it is being stopped already, and its time is running
			return
		}
		l.stop(info)
	case otherWord:
		l.send(info)
	case askedAgain:
		if l.killAt != nil {
			l.escalate(true)
		}
	}
}

// stop asks the service to end, for which it is given StopTimeout.
func (l *loop) stop(by catch.Info) {
	l.killAt = time.After(l.StopTimeout)
	l.send(by)
	if l.halted {
		l.send(catch.Plain(unix.SIGCONT)) // else it could not
	}
}

// send passes a signal on. The service has not been reaped, so the pid is its. That fails for a service that has another user's
// rights and we have not, and for signals with a value when as many wait for it as may.
func (l *loop) send(info catch.Info) {
	switch {
	case l.pid == 0:
	case l.leader != 0:
		_ = info.PassOnToGroup(l.leader)
	default:
		_ = info.PassOn(l.pid)
	}
}

// reap waits for every child that has ended, orphans among them, and sees what has become of the service.
func (l *loop) reap() {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG|unix.WUNTRACED|unix.WCONTINUED, nil)
		switch {
		case err == unix.EINTR:
		case err != nil || pid == 0:
			return
		case l.foster != nil && pid == l.foster.pid:
			if !status.Stopped() && !status.Continued() {
				l.foster.pid = 0
			}
		default:
			l.see(event{pid, status})
		}
	}
}

// hear sees what the foster tells.
func (l *loop) hear(e event) {
	l.see(e)
	l.foster.goOn()
}

// see takes note of an event if it is the service's.
func (l *loop) see(e event) {
	switch {
	case e.pid != l.pid:
	case e.status.Continued():
		l.halted = false
	case e.status.Stopped():
		l.halted = true
		l.stopped(e.status.StopSignal())
	default:
		l.pid, l.status, l.ended = 0, statusOf(e.status), time.Now()
	}
}

// stopped follows the service when job control has stopped it. SIGSTOP is somebody's own business.
func (l *loop) stopped(by unix.Signal) {
	switch by {
	case unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
	default:
		return
	}
	if !jobControl() {
		l.send(catch.Plain(unix.SIGCONT)) // nobody else would
		return
	}
	if l.terminal {
		takeBack(l.leader)
	}
	_ = unix.Kill(os.Getpid(), unix.SIGSTOP) // what continues us is passed on: SIGCONT
}
