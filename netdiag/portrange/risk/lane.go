package risk

import "portguard/netdiag/portrange"

// lane is every other port of a range: those that connect(), or bind() to port 0, walks along until one will do.
type lane struct {
	first uint16
	free  []bool
	runs  []int // how many of the free ones have each run; from stride on they are one
}

// lanes are those of the ports with the parity of the range's low end, and of the other ones.
func lanes(r portrange.Range, taken ...portrange.Set) (first, second lane) {
	blocked := map[uint16]bool{}
	for _, s := range taken {
		for _, t := range (portrange.Set{r}).Intersect(s) {
			for port := int(t.Low); port <= int(t.High); port++ {
				blocked[uint16(port)] = true
			}
		}
	}
	var free [2][]bool
	for port := int(r.Low); port <= int(r.High); port++ {
		parity := (port - int(r.Low)) % 2
		free[parity] = append(free[parity], !blocked[uint16(port)])
	}
	return newLane(r.Low, free[0]), newLane(r.Low+1, free[1])
}

func newLane(first uint16, free []bool) lane {
	l := lane{first: first, free: free, runs: make([]int, stride+1)}
	last := len(free) - 1
	for last >= 0 && !free[last] {
		last--
	}
	last -= len(free) // the run of the first free slot goes around
	for slot := range free {
		if free[slot] {
			l.runs[min(slot-last, stride)]++
			last = slot
		}
	}
	return l
}

// slot is the place of a port; false when it is in the other lane, or in none.
func (l lane) slot(port uint16) (int, bool) {
	d := int(port) - int(l.first)
	return d / 2, d >= 0 && d%2 == 0 && d/2 < len(l.free)
}

// count is how many ports are free.
func (l lane) count() int {
	n := 0
	for _, slots := range l.runs {
		n += slots
	}
	return n
}

// run is how far a slot is from the next free one below it, in turn; once around when there is none.
func (l lane) run(slot int) int {
	n := len(l.free)
	for d := 1; d < n; d++ {
		if l.free[((slot-d)%n+n)%n] {
			return d
		}
	}
	return n
}

// scattered is the share of the picks that land on a slot once it is free where each starts anywhere, as of bind() to port 0: who starts on one of the
// slots right below it that are not free ends up on it as well.
func (l lane) scattered(slot int) float64 { return float64(l.run(slot)) / float64(len(l.free)) }
