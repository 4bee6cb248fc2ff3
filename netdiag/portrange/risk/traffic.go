package risk

import (
	"math"
	"time"
)

// traffic is what one route does in a lane.
type traffic struct {
	flow  flow
	held  map[int]bool // slots, none of which it can have twice
	total float64      // weight of the others
	room  int          // slots that it may have: held, or usable
}

func of(all map[Route]*traffic, r Route) *traffic {
	if all[r] == nil {
		all[r] = &traffic{held: map[int]bool{}}
	}
	return all[r]
}

func (t *traffic) add(slot int, fresh, remains bool) {
	t.held[slot] = true
	t.flow.add(fresh, remains)
}

// prepare counts what it has to choose from.
func (t *traffic) prepare(l lane) {
	t.total = l.total(marching, t.held)
	t.room = len(t.held) + t.left(l)
}

// left is how many ports there are that it has not.
func (t *traffic) left(l lane) int {
	n := 0
	for i := range l.free {
		if l.usable(i, t.held) {
			n++
		}
	}
	return n
}

// hasAll reports whether it has used up a lane, but for what was given back just now.
func (t *traffic) hasAll(l lane) bool {
	const nearly = 20
	return t.left(l)*nearly <= len(t.held)
}

// expected is how many of its picks made in down are still held at the end, and the bound of that. What one of many routes does
// is too little to count: it has its part of what all do.
func (t *traffic) expected(all flow, down, period time.Duration) (expected, atMost float64) {
	const many = 8
	if t.flow.all()*many >= t.room {
		return t.flow.expected(down, period), t.flow.atMost(down, period)
	}
	part := float64(t.flow.allFresh()) / float64(all.allFresh())
	return part * all.expected(down, period), part * all.atMost(down, period)
}

// gets is the chance that it has a slot after picks of which n are still held. share is the part of the picks that would land there if the slots that
// are free were free all over the lane alike.
func (t *traffic) gets(share, n float64, scatters bool) float64 {
	held := float64(t.flow.all())
	if scatters {
		return settled(share, n, held)
	}
	part := held / float64(t.room+1) // the slot itself is room, too
	free, pace := ahead(part, 2*t.flow.remains > t.flow.all())
	share /= free / max(1-part, 1e-9)
	lap := float64(t.room+1) / pace // picks until it has gone through all
	picks := made(n, held)
	if picks <= lap {
		return min(1, n*share)
	}
	// It has come by several times. After each the slot is taken, as it was before and still is, or because it was picked.
	lands := min(1, lap*share) // each time
	stays := math.Exp(-lap / held)
	again := func(taken float64) float64 { return taken*stays + (1-taken*stays)*lands }
	taken := 0.0
	laps, over := math.Modf(picks / lap)
	for range int(min(laps, 1000)) {
		taken = again(taken)
	}
	since := math.Exp(-over * lap / held)
	return min(1, held/lap*(again(taken)*(1-since)+taken*(since-stays)))
}

// made is how many picks there were when n of them are still held, and held is how many are at a time.
func made(n, held float64) float64 {
	const nearlyAll = 1e-9
	return -held * math.Log(max(1-n/max(held, 1), nearlyAll))
}

// settled is the chance that a port is held by one of picks that land anywhere, n of which are still held: in the long run it is held, given back, and picked
// again as all others are.
func settled(share, n, held float64) float64 {
	if held <= 0 {
		return anyOf(n, share)
	}
	return share * held / (1 + share*held) * -math.Expm1(-(share+1/held)*made(n, held))
}

// ahead is which part of the ports is free where a route looks next, when it has this part of all, and how many ports a pick passes. It goes through
// them in turn: since it was there last, a whole lap ago, connections have ended, and behind it nearly all is taken. A pick passes 9/2 ports
// on the average, and then those that are taken, up to the next free one; in a steady state both follow from each other. Connections end at random,
// TIME_WAIT in the order in which it came: then what ends runs along ahead of what begins, about four fifths of a lap.
func ahead(part float64, inOrder bool) (free, pace float64) {
	const step, lead = 4.5, 0.8
	free, pace = 1, step
	if part <= 0 {
		return free, pace
	}
	for range 100 {
		if inOrder {
			free = 1 - part + min(part, lead/pace)
		} else {
			free = max(1-1/(pace*math.Expm1(1/(pace*part))), 1-part)
		}
		pace = step + (1-free)/max(free, 1e-6)
	}
	return free, pace
}
