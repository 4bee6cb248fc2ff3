package risk

import "portguard/netdiag/portrange"

// lane is every other port of a range: those that connect(), or bind() to port 0, walks along until one will do.
type lane struct {
	first uint16
	free  []bool
}

// lanes are those of the ports with the parity of the range's low end, and of the other ones.
func lanes(r portrange.Range, taken ...portrange.Set) (first, second lane) {
	first, second = lane{first: r.Low}, lane{first: r.Low + 1}
	blocked := map[uint16]bool{}
	for _, s := range taken {
		for _, t := range (portrange.Set{r}).Intersect(s) {
			for port := int(t.Low); port <= int(t.High); port++ {
				blocked[uint16(port)] = true
			}
		}
	}
	for port := int(r.Low); port <= int(r.High); port++ {
		l := &first
		if (port-int(r.Low))%2 == 1 {
			l = &second
		}
		l.free = append(l.free, !blocked[uint16(port)])
	}
	return first, second
}

// slot is the place of a port; false when it is in the other lane, or in none.
func (l lane) slot(port uint16) (int, bool) {
	d := int(port) - int(l.first)
	return d / 2, d >= 0 && d%2 == 0 && d/2 < len(l.free)
}

// count is how many ports are free.
func (l lane) count() int {
	n := 0
	for _, f := range l.free {
		if f {
			n++
		}
	}
	return n
}

// reach is the weight of a free port that has run-1 ports in front of it that are not: whoever starts at one of these
// ends up on it as well.
type reach func(run int) float64

// marching is the reach of connect(). On each route it goes on where it was, by a random step of 1 to 8 slots: the mean
// of the smaller of the step and the run.
func marching(run int) float64 {
	const steps = 8
	if run >= steps {
		return (steps + 1) / 2.0
	}
	r := float64(run)
	return r - r*(r-1)/(2*steps)
}

// scattered is the reach of bind() to port 0, which starts anywhere each time.
func scattered(run int) float64 { return float64(run) }

// usable is a free slot that is not among mine, which are those that a route has already.
func (l lane) usable(slot int, mine map[int]bool) bool { return l.free[slot] && !mine[slot] }

// run is how far a slot is from the next usable one in a direction, 1 or -1; once around when there is none.
func (l lane) run(slot, direction int, mine map[int]bool) int {
	n := len(l.free)
	for d := 1; d < n; d++ {
		if l.usable(((slot+direction*d)%n+n)%n, mine) {
			return d
		}
	}
	return n
}

// total is the weight of all usable ports.
func (l lane) total(weight reach, mine map[int]bool) float64 {
	n := len(l.free)
	last := n - 1
	for last >= 0 && !l.usable(last, mine) {
		last--
	}
	last -= n // the run of the first free port goes around
	sum := 0.0
	for i := range l.free {
		if l.usable(i, mine) {
			sum += weight(i - last)
			last = i
		}
	}
	return sum
}

// share is the part of the picks that land on a slot once it is free. total is the lane's, with the slot as it is.
func (l lane) share(slot int, weight reach, total float64, mine map[int]bool) float64 {
	before, after := l.run(slot, -1, mine), l.run(slot, 1, mine)
	own := weight(before)
	switch {
	case l.usable(slot, mine):
	case total == 0:
		return 1
	default: // its successor's run gets shorter
		total += own + weight(after) - weight(min(before+after, len(l.free)))
	}
	return own / total
}

// leaping is the share of connect() where the kernel goes on by random steps of up to width slots (ip_local_port_step_width): by the same step until a
// port will do. So what starts on a slot that will not do ends up anywhere, and not right above.
func (l lane) leaping(slot, width int, mine map[int]bool) float64 {
	const most = 128 // steps that are tried, evenly among all that there are
	n := len(l.free)
	width = min(width, n)
	tried, reached := 0, 0
	for first := 1; first <= width; first += max(1, width/most) {
		step := coprime(first, width, n)
		tried++
		for at := 1; at < n; at++ {
			from := ((slot-at*step)%n + n) % n
			if from == slot || l.usable(from, mine) {
				break
			}
			reached++
		}
	}
	return (1 + float64(reached)/float64(max(tried, 1))) / float64(n)
}

// coprime is the step that the kernel makes of a random one, so that it comes by every slot: the next that has no factor in common with their number.
func coprime(step, width, n int) int {
	for ; step <= width; step++ {
		a, b := step, n
		for b != 0 {
			a, b = b, a%b
		}
		if a == 1 {
			return step
		}
	}
	return 1
}
