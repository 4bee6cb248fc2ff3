package nat

import (
	"bytes"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/netdiag/attr"
)

// set is one that rules look up: a list, intervals, or a map.
type set struct {
	elements []element
	// ends, of a set of intervals: elements are where one begins, and these, in order, are where one has ended. nil for other sets.
	ends [][]byte
}

// add takes in elements of a set in any order; sort is for the last of them.
func (s *set) add(e element) {
	if e.end {
		s.ends = append(s.ends, e.key)
	} else {
		s.elements = append(s.elements, e)
	}
}

func (s *set) sort() { slices.SortFunc(s.ends, bytes.Compare) }

type element struct {
	key, last []byte // last: of a range in fields
	end       bool
	data      attr.Set // of a map
}

const (
	setElemCatchall = 2  // NFT_SET_ELEM_CATCHALL
	setElemKeyEnd   = 10 // NFTA_SET_ELEM_KEY_END
)

func parseElement(b []byte) (element, error) {
	attrs, err := attr.Parse(b)
	if err != nil {
		return element{}, err
	}
	flags, _ := attrs.Number(unix.NFTA_SET_ELEM_FLAGS)
	e := element{
		key: attrs.In(unix.NFTA_SET_ELEM_KEY)[unix.NFTA_DATA_VALUE], last: attrs.In(setElemKeyEnd)[unix.NFTA_DATA_VALUE],
		end: flags&unix.NFT_SET_ELEM_INTERVAL_END != 0,
	}
	if flags&setElemCatchall != 0 {
		e.key = nil
	}
	if attrs[unix.NFTA_SET_ELEM_DATA] != nil {
		e.data = attrs.In(unix.NFTA_SET_ELEM_DATA)
	}
	return e, nil
}

// lookup is whether a set has what a register says and, of a map, what goes with it.
func (r *registers) lookup(attrs attr.Set) (answer, action) {
	s := r.sets[setID{r.table.family, r.table.table, attrs.Text(unix.NFTA_LOOKUP_SET)}]
	from, _ := attrs.Number(unix.NFTA_LOOKUP_SREG)
	to, isMap := attrs.Number(unix.NFTA_LOOKUP_DREG)
	flags, _ := attrs.Number(unix.NFTA_LOOKUP_FLAGS)
	if s == nil {
		if isMap {
			r.put(to, nil, 16)
		}
		return maybe, action{}
	}
	fits, found := no, element{}
	for _, e := range s.elements {
		if a := s.has(e, r, from); a > fits {
			fits, found = a, e
		}
	}
	if flags&unix.NFT_LOOKUP_F_INV != 0 {
		fits = yes - fits
	}
	switch {
	case !isMap || fits == no:
		return fits, action{}
	case to == unix.NFT_REG_VERDICT:
		return fits, verdict(found.data)
	case fits == yes:
		r.put(to, found.data[unix.NFTA_DATA_VALUE], 0)
	default:
		r.put(to, nil, 16)
	}
	return fits, action{}
}

// has is whether an element is the one that a register says.
func (s *set) has(e element, r *registers, register uint32) answer {
	switch {
	case e.key == nil: // whatever no other element is for
		return maybe
	case e.last != nil:
		return r.within(register, e.key, e.last)
	case s.ends == nil:
		return r.compare(register, unix.NFT_CMP_EQ, e.key)
	}
	from := r.compare(register, unix.NFT_CMP_GTE, e.key)
	if end := s.endOf(e.key); end != nil {
		return min(from, r.compare(register, unix.NFT_CMP_LT, end))
	}
	return from
}

// endOf is where the interval that begins with a key has ended; nil for never.
func (s *set) endOf(key []byte) []byte {
	i, found := slices.BinarySearchFunc(s.ends, key, bytes.Compare)
	for ; found && i < len(s.ends) && bytes.Equal(s.ends[i], key); i++ { // that of the one before
	}
	if i == len(s.ends) {
		return nil
	}
	return s.ends[i]
}

// within compares field by field, of four bytes each: those of an IPv6 address belong together, and are not told.
func (r *registers) within(register uint32, first, last []byte) answer {
	const field = 4
	if len(first) != len(last) || len(first) > 2*field {
		return maybe
	}
	fits := yes
	for at := 0; at+field <= len(first); at += field {
		part := register
		if part <= unix.NFT_REG_4 {
			part = unix.NFT_REG32_00 + (part-1)*4
		}
		part += uint32(at / field)
		fits = min(fits, r.compare(part, unix.NFT_CMP_GTE, first[at:at+field]), r.compare(part, unix.NFT_CMP_LTE, last[at:at+field]))
	}
	return fits
}
