package fdwalk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// btf builds BTF as pahole does: each name once, types numbered from 1.
type btf struct {
	types []byte
	names []byte
	at    map[string]uint32
}

func (b *btf) name(s string) uint32 {
	if b.at == nil {
		b.at, b.names = map[string]uint32{}, []byte{0}
	}
	if at, ok := b.at[s]; ok {
		return at
	}
	b.at[s] = uint32(len(b.names))
	b.names = append(append(b.names, s...), 0)
	return b.at[s]
}

func (b *btf) add(kind uint32, name string, count int, words ...uint32) {
	for _, w := range append([]uint32{b.name(name), kind<<24 | uint32(count), 0}, words...) {
		b.types = binary.NativeEndian.AppendUint32(b.types, w)
	}
}

// structure takes the members' places as BTF has them: in bits, and the width of bit fields in the upper byte.
func (b *btf) structure(name string, members map[string]uint32) {
	var words []uint32
	for m, at := range members {
		words = append(words, b.name(m), 1, at)
	}
	b.add(kindStruct, name, len(members), words...)
}

func word(w uint32) []byte { return binary.NativeEndian.AppendUint32(nil, w) }

func (b *btf) bytes() []byte {
	out := binary.NativeEndian.AppendUint16(nil, btfMagic)
	out = append(out, 1, 0)
	for _, w := range []int{btfHeader, 0, len(b.types), len(b.types), len(b.names)} {
		out = binary.NativeEndian.AppendUint32(out, uint32(w))
	}
	return append(append(out, b.types...), b.names...)
}

// small has one type of every kind that the needed ones may stand behind, and the needed ones as Linux 6.18 has them.
func small() *btf {
	b := new(btf)
	b.add(kindInt, "int", 0, 0x20)
	b.add(2, "", 0) // a pointer
	b.add(kindArray, "", 0, 1, 1, 8)
	b.add(kindEnum, "state", 2, 0, 0, 0, 1)
	b.add(kindEnum64, "big", 1, 0, 0, 0)
	b.add(kindFuncProto, "", 1, 0, 1)
	b.structure("file_operations", map[string]uint32{"f_inode": 8 * 8})
	b.structure("file", map[string]uint32{"f_mode": 4 * 8, "f_inode": 32 * 8})
	b.structure("inode", map[string]uint32{"i_ino": 64 * 8})
	b.structure("task_struct", map[string]uint32{"pid": 1264 * 8, "tgid": 1268 * 8})
	b.structure("socket", map[string]uint32{"sk": 24 * 8})
	b.structure("sock", map[string]uint32{"sk_userlocks": 4<<24 | 533*8 + 4})
	b.add(kindVar, "variable", 0, 0)
	b.add(kindDataSec, ".data", 1, 0, 0, 0)
	b.add(kindDeclTag, "tag", 0, 0)
	b.add(kindFunc, "bpf_iter_task_file_not", 0)
	b.add(kindFunc, "bpf_iter_task_file", 0)
	return b
}

func TestParseLayout(t *testing.T) {
	got, err := parseLayout(small().bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := layout{
		attach: 17, inode: member{at: 32 * 8}, number: member{at: 64 * 8}, tgid: member{at: 1268 * 8}, pid: member{at: 1264 * 8},
		sk: member{at: 24 * 8}, locks: member{at: 533*8 + 4, width: 4},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(layout{}, member{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestParseLayoutSaysWhatIsMissing(t *testing.T) {
	unknown, without := small(), new(btf)
	unknown.add(kindLast+1, "new", 0)
	without.structure("file", map[string]uint32{"f_inode": 32 * 8})
	across := small()
	across.types = bytes.ReplaceAll(across.types, word(4<<24|533*8+4), word(4<<24|533*8+6))
	whole := small().bytes()
	for _, tt := range []struct {
		name string
		btf  []byte
		want string
	}{
		{"nothing", nil, "no BTF"},
		{"another file", make([]byte, 100), "no BTF"},
		{"the end is gone", whole[:len(whole)-1], "BTF cut off"},
		{"a kind that is not known cannot be stepped over", unknown.bytes(), "BTF type of the unknown kind 20"},
		{"a kernel without the iterator", without.bytes(), "BTF does not tell all that is needed: " +
			"{attach:0 inode:{at:256 width:0} number:{at:0 width:0} tgid:{at:0 width:0} pid:{at:0 width:0} sk:{at:0 width:0} locks:{at:0 width:0}}"},
		{"a bit field across two bytes cannot be read at once", across.bytes(), "BTF does not tell all that is needed: " +
			"{attach:17 inode:{at:256 width:0} number:{at:512 width:0} tgid:{at:10144 width:0} pid:{at:10112 width:0} sk:{at:192 width:0} locks:{at:4270 width:4}}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseLayout(tt.btf)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestTheRunningKernelTellsItsLayout(t *testing.T) {
	l, err := readLayout()
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("needs a kernel with BTF: %v", err)
	}
	if err != nil || l.attach == 0 {
		t.Errorf("%+v, %v", l, err)
	}
}

func FuzzParseLayout(f *testing.F) {
	whole := small().bytes()
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(whole[:btfHeader])
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := parseLayout(b); err == nil && !l.complete() {
			t.Errorf("half a layout: %+v", l)
		}
	})
}
