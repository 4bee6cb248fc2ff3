package fdwalk

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// layout is what the program has to know of the running kernel: the function that programs of the task_file iterator
// attach to, by its number in BTF, and where some members of structs are.
type layout struct {
	attach uint32 // bpf_iter_task_file
	inode  member // file.f_inode
	number member // inode.i_ino
	tgid   member // task_struct.tgid
	pid    member // task_struct.pid
	sk     member // socket.sk
	locks  member // sock.sk_userlocks: a bit field, or by newer kernels a byte
}

// member is a place in a struct, in bits; the zero value is nowhere.
type member struct {
	at    uint32
	width uint32 // of a bit field; 0: it is none
}

// byte is the offset of a member, or of the byte that a bit field is in.
func (m member) byte() int16 { return int16(m.at / 8) }

// mask is of the bits of a byte that are the member's, after they were shifted down.
func (m member) mask() int32 {
	if m.width == 0 {
		return 0xff
	}
	return 1<<m.width - 1
}

// complete reports whether everything was found, and is where the program can read it.
func (l layout) complete() bool {
	for _, m := range []member{l.inode, l.number, l.tgid, l.pid, l.sk, l.locks} {
		if m.at == 0 || m.at/8 >= 1<<15 || m.width > 0 && m.at%8+m.width > 8 {
			return false
		}
	}
	return l.attach != 0
}

// Kinds of types (include/uapi/linux/btf.h).
const (
	kindInt       = 1
	kindArray     = 3
	kindStruct    = 4
	kindUnion     = 5
	kindEnum      = 6
	kindFunc      = 12
	kindFuncProto = 13
	kindVar       = 14
	kindDataSec   = 15
	kindDeclTag   = 17
	kindEnum64    = 19
	kindLast      = kindEnum64
)

const (
	btfMagic  = 0xeb9f
	btfHeader = 24 // struct btf_header
	btfType   = 12 // struct btf_type
	btfMember = 12 // struct btf_member
)

// parseLayout finds the layout in the kernel's BTF, which is in native byte order. It goes through the types once: there
// are some hundred thousand, and none is remembered.
func parseLayout(b []byte) (layout, error) {
	types, names, err := btfSections(b)
	if err != nil {
		return layout{}, err
	}
	var l layout
	wanted := map[string]map[string]*member{
		"file":        {"f_inode": &l.inode},
		"inode":       {"i_ino": &l.number},
		"task_struct": {"tgid": &l.tgid, "pid": &l.pid},
		"socket":      {"sk": &l.sk},
		"sock":        {"sk_userlocks": &l.locks},
	}
	native := binary.NativeEndian
	for id := uint32(1); len(types) > 0; id++ {
		if len(types) < btfType {
			return layout{}, errors.New("BTF type cut off")
		}
		name, info := native.Uint32(types), native.Uint32(types[4:])
		kind, count := info>>24&31, int(info&0xffff)
		if kind > kindLast {
			return layout{}, fmt.Errorf("BTF type of the unknown kind %d", kind)
		}
		types = types[btfType:]
		size := trailer(kind, count)
		if len(types) < size {
			return layout{}, errors.New("BTF type cut off")
		}
		switch kind {
		case kindFunc:
			if l.attach == 0 && isNamed(names, name, "bpf_iter_task_file") {
				l.attach = id
			}
		case kindStruct:
			for of, members := range wanted {
				if isNamed(names, name, of) {
					findMembers(types[:size], names, members)
				}
			}
		}
		types = types[size:]
	}
	if !l.complete() {
		return layout{}, fmt.Errorf("BTF does not tell all that is needed: %+v", l)
	}
	return l, nil
}

// btfSections checks the header (struct btf_header): magic, version, flags, header length, and of each section its place
// behind the header and its length.
func btfSections(b []byte) (types, names []byte, err error) {
	if len(b) < btfHeader || binary.NativeEndian.Uint16(b) != btfMagic {
		return nil, nil, errors.New("no BTF")
	}
	field := func(at int) uint64 { return uint64(binary.NativeEndian.Uint32(b[at:])) }
	cut := func(offset, length int) []byte {
		from := field(4) + field(offset)
		to := from + field(length)
		if to > uint64(len(b)) {
			return nil
		}
		return b[from:to]
	}
	types, names = cut(8, 12), cut(16, 20)
	if len(types) == 0 || len(names) == 0 {
		return nil, nil, errors.New("BTF cut off")
	}
	return types, names, nil
}

// trailer is how many bytes follow a type: those of its parts, or of what else its kind has.
func trailer(kind uint32, count int) int {
	switch kind {
	case kindInt, kindVar, kindDeclTag:
		return 4
	case kindArray:
		return 12
	case kindStruct, kindUnion, kindDataSec, kindEnum64:
		return 12 * count
	case kindEnum, kindFuncProto:
		return 8 * count
	}
	return 0
}

// isNamed compares a name, which ends with NUL.
func isNamed(names []byte, at uint32, name string) bool {
	end := uint64(at) + uint64(len(name))
	return end < uint64(len(names)) && names[end] == 0 && string(names[at:end]) == name
}

// findMembers notes the place of the members that are wanted, and not known yet. In structs that have bit fields, the
// upper byte of a place is the field's width.
func findMembers(members, names []byte, wanted map[string]*member) {
	native := binary.NativeEndian
	for ; len(members) >= btfMember; members = members[btfMember:] {
		for name, to := range wanted {
			if to.at == 0 && isNamed(names, native.Uint32(members), name) {
				at := native.Uint32(members[8:])
				*to = member{at: at & (1<<24 - 1), width: at >> 24}
			}
		}
	}
}
