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
	var p ports
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
		p.add(Range{low, high})
	}
	return p.set(), nil
}

// ParseAssignedRange reads what is written to ip_local_port_range. One number alone would change the low end only, and
// is an error here: what it comes to depends on what was there. A third is not minded.
func ParseAssignedRange(value string) (Range, error) {
	fields := strings.Fields(value)
	if len(fields) < 2 {
		return Range{}, fmt.Errorf("%q is not two ports", value)
	}
	low, err := parseC(fields[0])
	if err != nil {
		return Range{}, err
	}
	high, err := parseC(fields[1])
	if err != nil {
		return Range{}, err
	}
	if low == 0 || high < low {
		return Range{}, fmt.Errorf("%q is not a range", value)
	}
	return Range{low, high}, nil
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
