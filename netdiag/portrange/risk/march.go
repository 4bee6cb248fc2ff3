package risk

import "math"

// march is how connect() goes through a lane for one route, lap after lap: from where it was by a random step, and then to the next port that will do.
type march struct {
	width   int                 // ip_local_port_step_width
	astray  bool                // it starts anywhere: what it picks in the other lane moves it on as well
	inOrder bool                // connections end in the order in which they came, as TIME_WAIT does, and not at random
	held    float64             // at a time
	free    float64             // the part of the ports that are free when it comes to them
	lap     float64             // picks until it has gone through all
	hits    [stride + 1]float64 // what lands says of each run
}

// stride is the most that the random step is, in slots.
const stride = 8

// settle finds free and lap, which follow from each other in a steady state: since the route was there last, a whole lap ago, connections have ended, and
// the more it has of the lane the fewer picks a lap has. TIME_WAIT runs along ahead of what begins, about four fifths of a lap.
func (m *march) settle(l lane) {
	const lead, precise, most = 0.8, 1e-6, 50
	ports := float64(max(1, l.count()))
	for low, high := 0.0, 1.0; high-low > precise; {
		m.free = (low + high) / 2
		m.lap = m.landings(l)
		hit := m.lap / m.free / ports
		var free float64 // that this lap would lead to
		if m.inOrder {
			free = 1 / (1 + hit*max(0, m.held/m.lap-lead))
		} else {
			ended := math.Expm1(min(most, m.lap/m.held))
			free = ended / (ended + hit)
		}
		if free > m.free {
			low = m.free
		} else {
			high = m.free
		}
	}
	m.lap = max(1, m.lap)
	for run := range m.hits {
		m.hits[run] = m.lands(run)
	}
}

// landings is how many picks a lap has.
func (m *march) landings(l lane) float64 {
	if m.width > 0 {
		return float64(l.count()) * m.free * m.leapsTo((1-m.free)/m.free)
	}
	sum := 0.0
	for run, ports := range l.runs {
		if ports > 0 {
			sum += float64(ports) * m.free * m.lands(run)
		}
	}
	return sum
}

// lands is the chance that the route, when it comes by, picks a free port that has run-1 ports right below it that will never do: that the random step
// from the last pick does not lead past it.
func (m *march) lands(run int) float64 { return 1 - m.free*m.skips(run)/(1+m.free*m.skips(1)) }

// skips is how many of the slots below, beginning with the run-th, would be stepped from past a port, were all of them picked. What a pick has to pass until it comes to
// a free port is taken off its step.
func (m *march) skips(run int) float64 {
	sum := 0.0
	for distance := run; distance < stride; distance++ {
		for passed := range stride - distance {
			sum += (1 - math.Pow(1-m.free, float64(passed+1))) / stride
		}
	}
	return sum
}

// gets is the chance that the route has a slot after picks of which n are still held.
func (m *march) gets(l lane, slot int, n float64) float64 {
	switch {
	case m.astray:
		return settled(l.scattered(slot), n, m.held)
	case m.width > 0:
		return m.leaping(l, slot, n)
	}
	return m.taken(m.hits[min(l.run(slot), stride)], n)
}

// taken is the chance that a port is taken after picks of which n are still held. hit is the chance that it is picked when the route comes by.
func (m *march) taken(hit, n float64) float64 {
	const few = 3 // picks in a lap: then it is chance alone where the next one lands
	switch {
	case m.lap < few:
		return settled(hit/m.lap, n, m.held)
	case m.inOrder && (n < m.held || n <= m.lap): // nothing of it has ended
		laps, over := math.Modf(n / m.lap)
		return 1 - math.Pow(1-hit, laps)*(1-over*hit)
	case m.inOrder:
		return min(1, m.free*hit*n/m.lap)
	}
	picks := made(n, m.held)
	if picks <= m.lap {
		return min(1, hit*n/m.lap)
	}
	// The route has come by several times. After each the port is taken, as it was before and still is, or because it was picked.
	stays := math.Exp(-m.lap / m.held)
	again := func(taken float64) float64 { return taken*stays + (1-taken*stays)*hit }
	taken := 0.0
	laps, over := math.Modf(picks / m.lap)
	for range int(min(laps, 1000)) {
		taken = again(taken)
	}
	since := math.Exp(-over * m.lap / m.held)
	return min(1, m.held/m.lap*(again(taken)*(1-since)+taken*(since-stays)))
}
