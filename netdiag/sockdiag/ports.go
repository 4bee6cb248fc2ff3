package sockdiag

import (
	"cmp"
	"slices"
)

// PortRange is First to Last, both included. One with Last below First holds no port.
type PortRange struct {
	First, Last uint16
}

// maxRanges bounds the programs made of ranges. The kernel checks a bytecode in time that grows with its square (5000
// ports: 50 ms), 16-bit jumps end it at 64 KiB, and a socket filter may have 4096 instructions.
const maxRanges = 256

// cover is the ports of ranges as at most limit ascending ranges that do not touch. Where limit is too few for that,
// they hold ports of the smaller gaps as well.
func cover(ranges []PortRange, limit int) []PortRange {
	covered := join(ranges, 1)
	for gap := 2; len(covered) > limit; gap *= 2 {
		covered = join(covered, gap)
	}
	return covered
}

// join is ranges in ascending order, with those made one that overlap or are at most gap apart.
func join(ranges []PortRange, gap int) []PortRange {
	sorted := slices.DeleteFunc(slices.Clone(ranges), func(r PortRange) bool { return r.Last < r.First })
	slices.SortFunc(sorted, func(a, b PortRange) int { return cmp.Compare(a.First, b.First) })
	var joined []PortRange
	for _, r := range sorted {
		if n := len(joined); n > 0 && int(r.First) <= int(joined[n-1].Last)+gap {
			joined[n-1].Last = max(joined[n-1].Last, r.Last)
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// contains reports whether port is in one of ranges, which must be as join leaves them.
func contains(ranges []PortRange, port uint16) bool {
	_, found := slices.BinarySearchFunc(ranges, port, func(r PortRange, port uint16) int {
		switch {
		case port < r.First:
			return 1
		case port > r.Last:
			return -1
		}
		return 0
	})
	return found
}
