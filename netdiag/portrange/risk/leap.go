package risk

import "math"

// leaping is what taken is where the kernel goes on by random steps of up to width slots (ip_local_port_step_width), by the same step until a port will do:
// what starts on a slot that will not do ends up that much higher, and not right above. The wider the steps, the less it matters where in its lap the route is.
func (m march) leaping(l lane, slot int, n float64) float64 {
	size, ports := float64(len(l.free)), float64(max(1, l.count()))
	wide := min(1, float64(m.width)/size)
	m.lap *= size / ports // it stops among ports that will never do, too
	along := m.taken(m.leapsTo(m.leaps(l, slot)), n)
	m.free = max(1-m.held/ports, 1/ports)
	anywhere := settled((1+m.leaps(l, slot))/size, n, m.held)
	return wide*anywhere + (1-wide)*along
}

// leapsTo is the chance that a lap has a pick that lands on a free port, when it does from so many slots beside the port's own.
func (m *march) leapsTo(slots float64) float64 {
	start := 1 / (1/m.free + m.skips(1)) // the part of the slots that a pick starts at
	return 1 - (1-start)*math.Exp(-start*slots)
}

// leaps is from how many slots a leap leads to this one.
func (m *march) leaps(l lane, slot int) float64 {
	const most = 128      // steps that are tried, evenly among all that there are
	const unlikely = 1e-3 // no need to follow
	size := len(l.free)
	width := min(m.width, size)
	tried, reached := 0, 0.0
	for first := 1; first <= width; first += max(1, width/most) {
		step := coprime(first, width, size)
		tried++
		comes := 1.0
		for at := 1; at < size && comes > unlikely; at++ {
			if l.free[((slot-at*step)%size+size)%size] {
				comes *= 1 - m.free
			}
			reached += comes
		}
	}
	return reached / float64(max(tried, 1))
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
