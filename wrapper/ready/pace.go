package ready

import "time"

// How often a wait looks. A look takes some 20 µs where nothing has changed, and to wake up for it several times that.
const (
	// brisk is the distance of looks at first, calm the one that it grows to: a service that takes long is not in a hurry.
	brisk, calm = 16 * time.Millisecond, 250 * time.Millisecond
	// The distance is a thousandth of what has been waited. All looks together take a hundred-and-fiftieth of the time, but for a little
	// to begin with, so that one that takes long does not put off the next.
	waitedShare, lookShare = 1000, 150
	advance                = 25 * time.Millisecond
	// settled is how long a service may be up by half and still be waited for. What it has not bound by then it does not bind later:
	// programs try again for a moment, or never.
	settled = 2 * time.Second
)

// pace decides when a wait looks again. It has no clock: every method is told the time.
type pace struct {
	began time.Time
	since time.Time     // when the wait began, or something last happened
	last  time.Time     // the last look
	spent time.Duration // of a processor, since it began
	half  time.Time     // since when the service has been up by half; the zero time: it is not
}

func newPace(now time.Time) pace { return pace{began: now, since: now} }

// looked notes a look, and what all have cost by now.
func (p *pace) looked(now time.Time, spent time.Duration, half bool) {
	p.last, p.spent = now, spent
	switch {
	case !half:
		p.half = time.Time{}
	case p.half.IsZero():
		p.half = now
	}
}

// told notes that a socket on one of the ports has gone: somebody else may come soon.
func (p *pace) told(now time.Time) { p.since = now }

// soonest is when to look again at the earliest, whatever happens; latest is when to do so if nothing does.
func (p *pace) soonest() time.Time {
	return later(p.last.Add(brisk), p.began.Add(lookShare*(p.spent-advance)))
}

func (p *pace) latest() time.Time {
	distance := min(max(brisk, p.last.Sub(p.since)/waitedShare), calm)
	return later(p.last.Add(distance), p.soonest())
}

// inVain reports whether the service has been up by half for so long that it stays so.
func (p *pace) inVain() bool { return !p.half.IsZero() && p.last.Sub(p.half) >= settled }

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
