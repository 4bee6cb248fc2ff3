package supervise

import (
	"errors"
	"maps"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
)

// killLimit is how long SIGKILL is given to end a process. One that waits for a disk or a server, or that is frozen, may never.
const killLimit = 5 * time.Second

// leftovers are what services have left behind, and what is known of ending it: a process that is there for ever must not keep
// the service down for ever.
type leftovers map[owner.ID]attempt

type attempt struct {
	refused bool      // it is another user's by now, and we may not signal it
	killed  time.Time // the first SIGKILL; the zero time: none
	told    bool      // that it goes on
}

// Unended is a process that the service has left behind and that goes on.
type Unended struct {
	owner.Stat
	Refused bool // it may not be signalled; else SIGKILL has not ended it
}

// signal sends a signal to each, 0 for none, and returns how many are worth waiting for.
func (l leftovers) signal(all []owner.Stat, sig unix.Signal) (some int) {
	for _, s := range all {
		a := l[s.ID()]
		a.refused = errors.Is(signalProcess(s, sig), unix.EPERM)
		if sig == unix.SIGKILL && a.killed.IsZero() {
			a.killed = time.Now()
		}
		l[s.ID()] = a
		if !a.refused && (a.killed.IsZero() || time.Since(a.killed) < killLimit) {
			some++
		}
	}
	return some
}

// remain are those of which it has not been told yet that they go on. All others are forgotten.
func (l leftovers) remain(all []owner.Stat) (news []Unended) {
	before := maps.Clone(l)
	clear(l)
	for _, s := range all {
		a := before[s.ID()]
		if !a.told {
			news = append(news, Unended{s, a.refused})
		}
		a.told = true
		l[s.ID()] = a
	}
	return news
}
