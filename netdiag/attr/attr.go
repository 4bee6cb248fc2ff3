// Package attr answers: which attributes does a netlink message have? The kernel's own messages are well-formed; these functions do not rely on it.
package attr

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Each calls f for every netlink attribute in b. nl.ParseRouteAttr would panic where the last one lacks its padding.
func Each(b []byte, f func(kind uint16, value []byte) error) error {
	const headerLen, typeMask = 4, 0x3fff // NLA_TYPE_MASK: without the flags for nested and for network byte order
	for len(b) > 0 {
		if len(b) < headerLen {
			return errors.New("attribute header cut off")
		}
		size := int(binary.NativeEndian.Uint16(b))
		if size < headerLen || size > len(b) {
			return fmt.Errorf("attribute of %d bytes where %d are left", size, len(b))
		}
		if err := f(binary.NativeEndian.Uint16(b[2:])&typeMask, b[headerLen:size]); err != nil {
			return err
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return nil
}

// Set is the attributes of a message, or of one that has attributes of its own, by kind.
type Set map[uint16][]byte

// Parse is for messages in which each kind stands once.
func Parse(b []byte) (Set, error) {
	s := Set{}
	return s, Each(b, func(kind uint16, value []byte) error {
		s[kind] = value
		return nil
	})
}

// In is the attributes that the attribute of a kind has; none where it is missing or makes no sense.
func (s Set) In(kind uint16) Set {
	inner, err := Parse(s[kind])
	if err != nil {
		return nil
	}
	return inner
}

// Text is a string that ends with a zero byte.
func (s Set) Text(kind uint16) string {
	text := s[kind]
	for i, c := range text {
		if c == 0 {
			return string(text[:i])
		}
	}
	return string(text)
}

// Number is an integer in network byte order, as netfilter's are; false where it is missing.
func (s Set) Number(kind uint16) (uint32, bool) {
	if v := s[kind]; len(v) >= 4 {
		return binary.BigEndian.Uint32(v), true
	}
	return 0, false
}
