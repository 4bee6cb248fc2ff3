package supervise

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
)

// A command that ends within early of its start, with status 0, and leaves processes behind may have put itself into the
// background. Its port is waited for as long as the service may take, or for settling.
const (
	early    = 10 * time.Second
	settling = time.Second
)

// follow looks for a successor of a service that has ended with status 0, and that nobody has asked to: one that it has handed
// its listener to (an upgrade without a gap), or that goes on in the background. The service is that process from now on.
func (l *loop) follow(start time.Time) {
	if l.status != (Status{}) || l.asked.made() || l.late {
		return
	}
	soon := l.ended.Sub(start) < early
	until := l.ended
	if soon {
		until = until.Add(settling)
		if limit := start.Add(l.ReadyTimeout); limit.After(until) {
			until = limit
		}
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for l.reap(); !l.asked.made(); {
		family, err := l.family()
		if err != nil || len(family) == 0 {
			return
		}
		if heir, found := l.heir(family); found {
			l.succeed(heir)
			return
		}
		if time.Now().After(until) {
			if soon {
				l.Watcher.LeftBehind(family)
			}
			return
		}
		select {
		case info := <-l.signals:
			if by := l.idle(info); by != 0 {
				l.asked.note(by, time.Now())
			}
		case e := <-l.foster.told():
			l.hear(e)
		case <-tick.C:
		}
	}
}

// heir is the process of the family that has the port, or the first of those above it that lives.
func (l *loop) heir(family []owner.Stat) (owner.Stat, bool) {
	has, err := l.looker.Have(context.Background(), family)
	if err != nil || len(has) == 0 {
		return owner.Stat{}, false
	}
	at := has[0]
	for {
		i := slices.IndexFunc(family, func(s owner.Stat) bool { return s.PID == at.Parent })
		if i < 0 {
			return at, true
		}
		at = family[i]
	}
}

// succeed makes a process the service.
func (l *loop) succeed(heir owner.Stat) {
	l.pid = heir.PID
	if l.leader != 0 {
		if group, err := unix.Getpgid(heir.PID); err == nil {
			l.leader = group
		}
	}
	l.Notify.Follow(heir.PID)
	l.Watcher.Followed(heir)
}
