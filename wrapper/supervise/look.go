package supervise

import (
	"context"
	"time"

	"portguard/wrapper/ready"
	"portguard/wrapper/supervise/catch"
)

// readiness is when to look whether the service listens: never, when that is not asked for.
type readiness struct {
	start, limit time.Time
	next         time.Duration
	timer        *time.Timer
}

// The first look comes soon, and then each a little later, as a service that takes long is not in a hurry.
const (
	firstLook = 5 * time.Millisecond
	lastLook  = 250 * time.Millisecond
)

func (l *loop) readiness(start time.Time) *readiness {
	r := &readiness{start: start, limit: start.Add(l.ReadyTimeout), next: firstLook}
	if l.ReadyTimeout > 0 {
		r.timer = time.NewTimer(firstLook)
	}
	return r
}

func (r *readiness) due() <-chan time.Time {
	if r.timer == nil {
		return nil
	}
	return r.timer.C
}

func (r *readiness) stop() {
	if r.timer != nil {
		r.timer.Stop()
	}
	r.timer = nil
}

func (r *readiness) again() {
	r.next = min(r.next*5/4, lastLook)
	r.timer.Reset(max(0, min(r.next, time.Until(r.limit))))
}

// look asks whether the service listens, and stops it if it does not and should by now.
func (l *loop) look(r *readiness) {
	found, err := l.looker.Look(context.Background())
	switch {
	case err != nil:
		l.Watcher.CannotTell(err)
		r.stop()
	case ready.AllWhole(found):
		l.Watcher.Listening(time.Since(r.start))
		r.stop()
	case time.Now().Before(r.limit):
		r.again()
	default:
		r.stop()
		if l.killAt != nil {
			return // it is being stopped
		}
		l.looker.Explain(context.Background(), found)
		l.Watcher.NotListening(found)
		l.late = true
		l.stop(catch.Plain(l.stopSignal()))
	}
}
