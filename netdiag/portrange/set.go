package portrange

import (
	"cmp"
	"slices"
)

// join is the set of all these ranges, in any order, with overlaps and with neighbours.
func join(ranges []Range) Set {
	slices.SortFunc(ranges, func(a, b Range) int { return cmp.Compare(a.Low, b.Low) })
	var s Set
	for _, r := range ranges {
		if last := len(s) - 1; last >= 0 && int(r.Low) <= int(s[last].High)+1 {
			s[last].High = max(s[last].High, r.High)
		} else {
			s = append(s, r)
		}
	}
	return s
}

// Union is the ports of either set.
func (s Set) Union(o Set) Set { return join(slices.Concat(s, o)) }

// Minus is the ports of s that o does not have.
func (s Set) Minus(o Set) Set { return s.Intersect(o.others()) }

// others are all ports that the set does not have.
func (s Set) others() Set {
	var o Set
	from := 0
	for _, r := range s {
		if from < int(r.Low) {
			o = append(o, Range{uint16(from), r.Low - 1})
		}
		from = int(r.High) + 1
	}
	if from < 1<<16 {
		o = append(o, Range{uint16(from), 1<<16 - 1})
	}
	return o
}

// Intersect is the ports of both sets.
func (s Set) Intersect(o Set) Set {
	var both Set
	for len(s) > 0 && len(o) > 0 {
		if low, high := max(s[0].Low, o[0].Low), min(s[0].High, o[0].High); low <= high {
			both = append(both, Range{low, high})
		}
		if s[0].High < o[0].High {
			s = s[1:]
		} else {
			o = o[1:]
		}
	}
	return both
}

// Len is how many ports the set has.
func (s Set) Len() int {
	n := 0
	for _, r := range s {
		n += int(r.High) - int(r.Low) + 1
	}
	return n
}

// Of is the set of these ports, in any order and with repetitions.
func Of(list ...uint16) Set {
	ranges := make([]Range, len(list))
	for i, port := range list {
		ranges[i] = Range{port, port}
	}
	return join(ranges)
}
