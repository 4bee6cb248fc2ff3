package portrange

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseAssigned reads a list as the kernel reads what is written to ip_local_reserved_ports (proc_do_large_bitmap in
// kernel/sysctl.c): no spaces, no quotes, numbers in C's notation, and nothing minded behind a last comma. An error
// means that the kernel refuses it with EINVAL and keeps the list that it has.
func ParseAssigned(value string) (Set, error) {
	if value == "" {
		return nil, nil
	}
	value = strings.TrimSuffix(value, ",")
	var ranges []Range
	for part := range strings.SplitSeq(value, ",") {
		first, last, isRange := strings.Cut(part, "-")
		low, err := parseC(first)
		if err != nil {
			return nil, err
		}
		high := low
		if isRange {
			if high, err = parseC(last); err != nil {
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

// Assign is what the range becomes when a value is written to ip_local_port_range: one number alone changes the low end, and a
// third is not minded. An error means that the kernel refuses the value, and keeps the range. So it does with one that begins below
// ip_unprivileged_port_start, which is not looked at here.
func (r Range) Assign(value string) (Range, error) {
	ends := []*uint16{&r.Low, &r.High}
	fields := strings.Fields(value)
	for i, field := range fields[:min(len(fields), len(ends))] {
		var err error
		if *ends[i], err = parseC(field); err != nil {
			return Range{}, err
		}
	}
	if len(fields) == 0 || r.Low == 0 || r.High < r.Low {
		return Range{}, fmt.Errorf("%q is not a range", value)
	}
	return r, nil
}

// parseC is simple_strtoul() with base 0: 0x50 and 0120 are 80.
func parseC(s string) (uint16, error) {
	digits, base := s, 10
	switch {
	case len(s) > 2 && (strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X")):
		digits, base = s[2:], 16
	case len(s) > 1 && s[0] == '0':
		digits, base = s[1:], 8
	}
	n, err := strconv.ParseUint(digits, base, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is not a port", s)
	}
	return uint16(n), nil
}
