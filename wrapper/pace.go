package wrapper

import "time"

// How often a wait looks again. A trial takes some 15 µs and a look at the kernel's tables up to 50 ms on a busy host;
// together they must stay far below 1 % of a core, and below 2 % on the worst.
const (
	// Where thousands of ports are tried in one go, or a port has thousands of TIME_WAIT records, which bind() goes through
	// one by one, all distances grow: the trials take a 500th of the time, a 200th while events keep coming, and a 40th in
	// the seconds in which the last remains should end.
	tryShare, foldShare, lateShare = 500, 200, 40
	// heartbeat is for what sends no event: a connection reset by its peer, or a socket destroyed by somebody else, frees
	// the port while its owner keeps it open. To wake up costs far more than the trial, so that after minutes its distance is a
	// thousandth of what has been waited, and calm at most.
	heartbeat, waitedShare, calm = 200 * time.Millisecond, 1000, time.Second
	// The kernel's timers run late by up to an eighth of their length, so that 60 s of TIME_WAIT may be 7 s more; mostly
	// it is less than 2 s.
	lateStep, lateLimit = 5 * time.Millisecond, 8 * time.Second
	// Events come one by one; on a busy port they are answered together, at growing distances.
	minFold, maxFold = time.Millisecond, 16 * time.Millisecond
	foldCalm         = 100 * time.Millisecond
	// A look that an event asks for comes after a second, one that nothing asks for after ten; both after two hundred
	// times what the last one took.
	lookEvery, lookIdle, lookShare = time.Second, 10 * time.Second, 200
)

// pace decides when a waiting loop does what. It has no clock: every method is told the time.
type pace struct {
	began    time.Time
	deadline time.Time // the zero time: never
	expiry   time.Time // when the last of the remains known ends; the zero time: unknown
	lastTry  time.Time
	cost     time.Duration // of trying everything once
	lastTold time.Time     // the last event
	fold     time.Duration
	lookAt   time.Time // when to look if something happened
	idleAt   time.Time // when to look if nothing did
	lookDue  bool      // something happened that a look would explain
}

// tried notes a trial that failed.
func (p *pace) tried(now time.Time) { p.lastTry = now }

// told notes that events came in, and that a trial should follow.
func (p *pace) told(now time.Time) {
	switch {
	case now.Sub(p.lastTold) > p.fold+foldCalm: // it does not listen while it folds
		p.fold = 0
	default:
		p.fold = min(max(2*p.fold, minFold), max(maxFold, foldShare*p.cost))
	}
	p.lastTold = now
	p.lookDue = true
}

// looked notes what the look at the tables cost, and when the remains that it found will end.
func (p *pace) looked(now time.Time, cost time.Duration, expiry time.Time) {
	p.expiry = expiry
	p.lookDue = false
	p.lookAt = now.Add(max(lookEvery, lookShare*cost))
	p.idleAt = now.Add(max(lookIdle, lookShare*cost))
}

// lookNow reports whether it is time for a look.
func (p *pace) lookNow(now time.Time) bool { return !now.Before(p.nextLook()) }

func (p *pace) nextLook() time.Time {
	if p.lookDue {
		return p.lookAt
	}
	return p.idleAt
}

// deafUntil is when events are worth being woken by again.
func (p *pace) deafUntil() time.Time { return p.lastTold.Add(p.fold) }

// next is when to try again if no event comes before.
func (p *pace) next() time.Time {
	beat := max(heartbeat, min(p.lastTry.Sub(p.began)/waitedShare, calm))
	next := p.lastTry.Add(max(beat, tryShare*p.cost))
	if late := p.lastTry.Sub(p.expiry); !p.expiry.IsZero() && late < lateLimit {
		next = earliest(next, p.expiry)
		if late >= 0 {
			next = p.lastTry.Add(max(lateStep, lateShare*p.cost))
		}
	}
	next = earliest(next, p.nextLook())
	if !p.deadline.IsZero() {
		next = earliest(next, p.deadline)
	}
	return next
}

func (p *pace) over(now time.Time) bool { return !p.deadline.IsZero() && !now.Before(p.deadline) }

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
