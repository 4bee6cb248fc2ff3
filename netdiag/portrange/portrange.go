// Package portrange answers: which ports does the kernel hand out by itself? It reads and writes the two sysctls of the
// calling thread's network namespace that say so.
package portrange

import (
	"fmt"
	"strconv"
	"strings"
)

// Range is a span of ports with both ends in it.
type Range struct{ Low, High uint16 }

// Contains reports whether the port lies in the range. The zero range contains no port that can be bound.
func (r Range) Contains(port uint16) bool { return r.Low <= port && port <= r.High }

func (r Range) String() string {
	if r.Low == r.High {
		return strconv.Itoa(int(r.Low))
	}
	return fmt.Sprintf("%d-%d", r.Low, r.High)
}

// Parity is "even" or "odd". connect() takes ports of the parity of a range's low end first, bind() to port 0 those of the other.
func Parity(port uint16) string {
	if port%2 == 0 {
		return "even"
	}
	return "odd"
}

// Set is a set of ports: ranges in order, none touching the next. The zero value is empty.
type Set []Range

// Contains reports whether the port is in the set.
func (s Set) Contains(port uint16) bool {
	for _, r := range s {
		if r.Contains(port) {
			return true
		}
	}
	return false
}

// String is the set in the form that ip_local_reserved_ports takes.
func (s Set) String() string {
	parts := make([]string, len(s))
	for i, r := range s {
		parts[i] = r.String()
	}
	return strings.Join(parts, ",")
}

// Add is the set with one more port.
func (s Set) Add(port uint16) Set { return s.Union(Set{{port, port}}) }

func parseRange(text string) (Range, error) {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return Range{}, fmt.Errorf("ip_local_port_range reads %q, not two ports", text)
	}
	low, err := parsePort(fields[0])
	if err != nil {
		return Range{}, err
	}
	high, err := parsePort(fields[1])
	if err != nil {
		return Range{}, err
	}
	if high < low {
		return Range{}, fmt.Errorf("ip_local_port_range reads %q, which runs backwards", text)
	}
	return Range{low, high}, nil
}

// ParseSet reads a comma list of ports and ranges, in any order and with overlaps.
func ParseSet(text string) (Set, error) {
	if text == "" {
		return nil, nil
	}
	var ranges []Range
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		low, err := parsePort(first)
		if err != nil {
			return nil, err
		}
		high := low
		if isRange {
			if high, err = parsePort(last); err != nil {
				return nil, err
			}
		}
		if high < low {
			return nil, fmt.Errorf("range %q runs backwards", part)
		}
		ranges = append(ranges, Range{low, high})
	}
	return join(ranges), nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is not a port", s)
	}
	return uint16(n), nil
}
