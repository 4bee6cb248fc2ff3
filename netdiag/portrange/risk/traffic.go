package risk

import (
	"math"
	"time"
)

// traffic is what one route does in a lane.
type traffic struct {
	flow flow
	room int // ports that it may have, or has
	way  march
}

func of(all map[Route]*traffic, r Route) *traffic {
	if all[r] == nil {
		all[r] = &traffic{}
	}
	return all[r]
}

// prepare finds out how it goes through the lane. One that holds next to nothing goes as if it held nothing, which is quiet.
func (t *traffic) prepare(l lane, quiet march) {
	t.room = max(l.count(), t.flow.all())
	t.way = quiet
	t.way.held, t.way.inOrder = float64(t.flow.all()), 2*t.flow.remains > t.flow.all()
	if !t.isLittle() {
		t.way.settle(l)
	}
}

// isLittle reports whether it holds too little of a lane to be counted by itself.
func (t *traffic) isLittle() bool { return t.flow.all()*8 < t.room }

// hasAll reports whether it has used up a lane, but for what was given back just now.
func (t *traffic) hasAll() bool {
	const nearly = 20
	return (t.room-t.flow.all())*nearly <= t.flow.all()
}

// expected is how many of its picks made in down are still held at the end, and the bound of that. What one of many routes does
// is too little to count: it has its part of what all do.
func (t *traffic) expected(all flow, down, period time.Duration) (expected, atMost float64) {
	if !t.isLittle() {
		return t.flow.expected(down, period), t.flow.atMost(down, period)
	}
	part := float64(t.flow.allFresh()) / float64(all.allFresh())
	return part * all.expected(down, period), part * all.atMost(down, period)
}

// made is how many picks there were when n of them are still held, and held is how many are at a time.
func made(n, held float64) float64 {
	const nearlyAll = 1e-9
	return -held * math.Log(max(1-n/max(held, 1), nearlyAll))
}

// settled is the chance that a port is held by one of picks that land anywhere, n of which are still held: in the long run it is held, given back, and picked
// again as all others are.
func settled(share, n, held float64) float64 {
	if held <= 0 || n <= 0 {
		return anyOf(n, share)
	}
	return share * held / (1 + share*held) * -math.Expm1((math.Log1p(-min(share, 1))-1/held)*made(n, held))
}
