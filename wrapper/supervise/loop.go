package supervise

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
	"portguard/wrapper/supervise/catch"
)

// loop is a Supervisor at work. Everything happens on one goroutine, so that a pid that is signalled is one that has not been
// reaped yet.
type loop struct {
	*Supervisor
	strangers   []owner.Stat // children from before
	signals     <-chan catch.Info
	interrupted unix.Signal // by which a preparation was ended
	sockets     listeners

	// Of the run now:
	pid      int  // 0: the service has been reaped
	group    bool // it has a process group to itself
	terminal bool // it was handed the terminal
	asked    bool // a signal has asked it to stop
	late     bool // it is stopped because it did not listen in time
	halted   bool // it is stopped, as by SIGSTOP
	status   Status
	killAt   <-chan time.Time // the end of its patience; nil while nobody has asked it to stop
}

func (l *loop) start() error {
	l.terminal = foreground()
	l.group = l.Group || l.terminal
	l.asked, l.late, l.halted, l.status, l.killAt = false, false, false, Status{}, nil
	var err error
	l.pid, err = l.Service.start(l.Verb, l.group, l.terminal)
	return err
}

// attend is with the service until it has ended.
func (l *loop) attend(start time.Time) {
	pid, look := l.pid, l.readiness(start)
	defer look.stop()
	for l.pid != 0 {
		select {
		case info := <-l.signals:
			l.take(info)
		case <-l.killAt:
			l.escalate(false)
		case <-look.due():
			l.look(look)
		}
	}
	if l.terminal {
		takeBack(pid)
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
	case l.Notify.ends(sig):
		l.asked = true
		l.stop(info)
	case stops(sig) && l.killAt != nil && (l.asked || l.late):
		l.asked = true
		l.escalate(true)
	case stops(sig):
		l.asked = true
		l.Notify.stopping()
		l.stop(info)
	case sig == unix.SIGCONT:
		if l.terminal && foreground() {
			hand(l.pid)
		}
		l.send(info)
	default:
		l.send(info)
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
	case l.group:
		_ = info.PassOnToGroup(l.pid)
	default:
		_ = info.PassOn(l.pid)
	}
}

// reap waits for every child that has ended, the service's orphans among them, and sees whether the service has stopped.
func (l *loop) reap() {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG|unix.WUNTRACED|unix.WCONTINUED, nil)
		switch {
		case err == unix.EINTR:
		case err != nil || pid == 0:
			return
		case pid != l.pid:
		case status.Continued():
			l.halted = false
		case status.Stopped():
			l.halted = true
			l.stopped(status.StopSignal())
		default:
			l.pid, l.status = 0, statusOf(status)
		}
	}
}

// idle does what a signal asks for while there is no service that it could be passed on to. It returns the signal if that ends
// portguard.
func (l *loop) idle(info catch.Info) (by unix.Signal) {
	sig := info.Signal()
	if sig == unix.SIGCHLD {
		l.reap()
	}
	switch {
	case l.Notify.reloads(sig):
		return 0
	case ends(sig), l.Notify.ends(sig):
		return sig
	}
	return 0
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
		takeBack(l.pid)
	}
	_ = unix.Kill(os.Getpid(), unix.SIGSTOP) // what continues us is passed on: SIGCONT
}

// escalate kills the service, and all that descends from it.
func (l *loop) escalate(again bool) {
	l.Watcher.Escalating(again)
	l.killAt = nil
	l.send(catch.Plain(unix.SIGKILL))
	l.signalFamily(unix.SIGKILL)
}

func (l *loop) signalFamily(sig unix.Signal) (some bool) {
	all, err := family(l.strangers)
	for _, s := range all {
		signalProcess(s, sig)
	}
	return err == nil && len(all) > 0
}

// sweep ends what the service has left behind: SIGTERM, and SIGKILL when the time is up. Something that starts processes
// faster than they can be counted is killed again until nothing is left.
func (l *loop) sweep() {
	l.reap()
	if !l.signalFamily(unix.SIGTERM) {
		return
	}
	l.signalFamily(unix.SIGCONT)
	if l.killAt == nil {
		l.killAt = time.After(l.StopTimeout)
	}
	const step = 20 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	for killing := false; ; {
		select {
		case info := <-l.signals:
			if l.idle(info); stops(info.Signal()) {
				killing = killing || l.asked
				l.asked = true
			}
		case <-l.killAt:
			killing = true
		case <-tick.C:
		}
		if killing {
			l.signalFamily(unix.SIGKILL)
		}
		l.reap()
		if all, err := family(l.strangers); err != nil || len(all) == 0 {
			return
		}
	}
}
