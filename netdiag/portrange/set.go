package portrange

import "math/bits"

// ports is a set as one bit a port: the kernel's own form, and the one in which sets are joined and taken apart.
type ports [1 << 16 / 64]uint64

func (s Set) bits() *ports {
	var p ports
	for _, r := range s {
		p.add(r)
	}
	return &p
}

func (p *ports) add(r Range) {
	for port := int(r.Low); port <= int(r.High); port++ {
		p[port/64] |= 1 << (port % 64)
	}
}

func (p *ports) has(port int) bool { return p[port/64]&(1<<(port%64)) != 0 }

func (p *ports) set() Set {
	var s Set
	for port := 0; port < 1<<16; port++ {
		if !p.has(port) {
			continue
		}
		low := port
		for port+1 < 1<<16 && p.has(port+1) {
			port++
		}
		s = append(s, Range{uint16(low), uint16(port)})
	}
	return s
}

func (s Set) combine(o Set, word func(a, b uint64) uint64) Set {
	p, q := s.bits(), o.bits()
	for i := range p {
		p[i] = word(p[i], q[i])
	}
	return p.set()
}

// Union is the ports of either set.
func (s Set) Union(o Set) Set { return s.combine(o, func(a, b uint64) uint64 { return a | b }) }

// Minus is the ports of s that o does not have.
func (s Set) Minus(o Set) Set { return s.combine(o, func(a, b uint64) uint64 { return a &^ b }) }

// Intersect is the ports of both sets.
func (s Set) Intersect(o Set) Set { return s.combine(o, func(a, b uint64) uint64 { return a & b }) }

// Len is how many ports the set has.
func (s Set) Len() int {
	n := 0
	for _, w := range s.bits() {
		n += bits.OnesCount64(w)
	}
	return n
}

// Of is the set of these ports, in any order and with repetitions.
func Of(list ...uint16) Set {
	var p ports
	for _, port := range list {
		p.add(Range{port, port})
	}
	return p.set()
}
