package supervise

import (
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
	"portguard/wrapper/supervise/catch"
)

// root is the process below which there is nothing but the service's, and all of it; 0 when there is none: the foster has been
// killed, and what it had is among what others have left.
func (l *loop) root() int {
	switch {
	case !l.shared:
		return os.Getpid()
	case l.foster != nil:
		return l.foster.pid
	}
	return 0
}

// looks is how often nobody has to be found before nobody is there.
const looks = 3

// family are the living processes of this run: the service, and what it has started, its orphans included.
//
// Processes are listed first and looked at one by one, so that one which forks and ends in between is dead, and its child is not on the list:
// what a daemon does that goes into the background twice. Only that there is no child at all is known at once.
func (l *loop) family() (found []owner.Stat, err error) {
	for range looks {
		if childless() {
			return nil, nil
		}
		if found, err = l.listed(); err != nil || len(found) > 0 {
			break
		}
	}
	return found, err
}

func (l *loop) listed() ([]owner.Stat, error) {
	all, err := owner.Scanner{}.Stats()
	if err != nil {
		return nil, err
	}
	var found []owner.Stat
	switch root := l.root(); {
	case root != 0:
		found = owner.Below(root, all)
	case l.pid != 0:
		found = owner.Below(l.pid, all)
		if i := slices.IndexFunc(all, func(s owner.Stat) bool { return s.PID == l.pid }); i >= 0 {
			found = append(found, all[i])
		}
	}
	return slices.DeleteFunc(found, owner.Stat.Zombie), nil
}

// escalate kills the service, and all that descends from it.
func (l *loop) escalate(again bool) {
	l.Watcher.Escalating(again)
	l.killAt = nil
	l.send(catch.Plain(unix.SIGKILL))
	l.signalFamily(unix.SIGKILL)
}

func (l *loop) signalFamily(sig unix.Signal) {
	all, _ := l.family() // whoever is not known is nobody to signal
	for _, s := range all {
		_ = signalProcess(s, sig) // whom that does not end, the sweep sees
	}
}

// sweep ends what the service has left behind: SIGTERM, and SIGKILL when the time is up. Something that starts processes
// faster than they can be counted is killed again until nothing is left, but for what nothing ends.
func (l *loop) sweep() {
	defer l.leave()
	l.reap()
	if all, err := l.family(); err != nil || l.left.signal(all, unix.SIGTERM) == 0 {
		l.unended(all)
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
			if by := l.idle(info); by != 0 && l.asked.note(by, time.Now()) == askedAgain {
				killing = true
			}
		case e := <-l.foster.told():
			l.hear(e)
		case <-l.killAt:
			killing = true
		case <-tick.C:
		}
		l.reap()
		sig := unix.Signal(0)
		if killing {
			sig = unix.SIGKILL
		}
		if all, err := l.family(); err != nil || l.left.signal(all, sig) == 0 {
			l.unended(all)
			return
		}
	}
}

// unended tells of those that nothing ends, of each once.
func (l *loop) unended(all []owner.Stat) {
	if some := l.left.remain(all); len(some) > 0 {
		l.Watcher.Unended(some)
	}
}

// leave lets go of the foster, which has nothing left to do.
func (l *loop) leave() {
	l.foster.leave()
	l.foster = nil
}
