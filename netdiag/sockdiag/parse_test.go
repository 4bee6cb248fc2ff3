package sockdiag

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var native = binary.NativeEndian

// record is a well-formed record of a client on 10.11.0.5:30010, followed by attrs.
func record(attrs ...[]byte) []byte {
	b := make([]byte, diagMsgLen)
	b[0], b[1], b[2], b[3] = 2, byte(Established), 2, 1
	binary.BigEndian.PutUint16(b[4:], 30010)
	binary.BigEndian.PutUint16(b[6:], 7000)
	copy(b[8:], []byte{10, 11, 0, 5})
	copy(b[24:], []byte{10, 11, 0, 9})
	for i, v := range []uint32{3, 0x11223344, 0x55667788, 1500, 4, 5, 1000, 248498713} {
		native.PutUint32(b[40+4*i:], v)
	}
	return append(b, slices.Concat(attrs...)...)
}

// attr is a netlink attribute with its padding.
func attribute(kind uint16, value ...byte) []byte {
	b := native.AppendUint16(nil, uint16(4+len(value)))
	b = append(native.AppendUint16(b, kind), value...)
	return append(b, make([]byte, -len(b)&3)...)
}

var byValue = cmpopts.EquateComparable(netip.AddrPort{})

func TestParseRecord(t *testing.T) {
	client := Socket{
		Family: 2, State: Established, Timer: 2, Retransmits: 1,
		Local: netip.MustParseAddrPort("10.11.0.5:30010"), Remote: netip.MustParseAddrPort("10.11.0.9:7000"),
		Interface: 3, Cookie: 0x5566778811223344, Expires: 1500 * time.Millisecond,
		RecvQueue: 4, SendQueue: 5, UID: 1000, Inode: 248498713,
	}
	with := func(change func(*Socket)) Socket {
		s := client
		change(&s)
		return s
	}
	for _, tt := range []struct {
		name  string
		bytes []byte
		want  Socket
	}{
		{"header alone", record(), client},
		{"cgroup", record(attribute(attrCgroupID, native.AppendUint64(nil, 1<<40|7)...)), with(func(s *Socket) { s.CgroupID = 1<<40 | 7 })},
		{"v6only off", record(attribute(attrV6Only, 0)), with(func(s *Socket) { s.V6Only = No })},
		{"v6only on", record(attribute(attrV6Only, 1)), with(func(s *Socket) { s.V6Only = Yes })},
		{"upper layer protocol", record(attribute(attrULPInfo, attribute(ulpName, []byte("mptcp\x00")...)...)), with(func(s *Socket) { s.ULP = "mptcp" })},
		{"nested flag on the attribute", record(attribute(attrULPInfo|0x8000, attribute(ulpName, []byte("tls\x00")...)...)), with(func(s *Socket) { s.ULP = "tls" })},
		{"attribute from the future", record(attribute(99, 1, 2, 3), attribute(attrV6Only, 1)), with(func(s *Socket) { s.V6Only = Yes })},
		{"tcp_info of an old kernel", record(attribute(attrInfo, make([]byte, 104)...)), client},
		{"last attribute without its padding", record([]byte{5, 0, attrV6Only, 0, 1}), with(func(s *Socket) { s.V6Only = Yes })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseMessage(tt.bytes)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, byValue); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseFaults(t *testing.T) {
	family := record()
	family[0] = 1
	for name, b := range map[string][]byte{
		"nothing":                       nil,
		"header cut off":                record()[:diagMsgLen-1],
		"another address family":        family,
		"attribute header cut off":      record([]byte{4, 0, attrV6Only}),
		"attribute shorter than itself": record([]byte{3, 0, attrV6Only, 0}),
		"attribute of length 0":         record([]byte{0, 0, attrV6Only, 0}),
		"attribute longer than the rest": record(
			[]byte{9, 0, attrV6Only, 0, 1, 0, 0, 0}),
		"v6only of 4 bytes": record(attribute(attrV6Only, 1, 0, 0, 0)),
		"empty v6only":      record(attribute(attrV6Only)),
		"cgroup of 4 bytes": record(attribute(attrCgroupID, 1, 0, 0, 0)),
		"fault inside nested": record(
			attribute(attrULPInfo, 200, 0, ulpName, 0)),
	} {
		if s, err := parseMessage(b); err == nil || s != (Socket{}) {
			t.Errorf("%s: %+v, error %v; want an error and nothing else", name, s, err)
		}
	}
}

func TestOpenedIsToldOfOpenConnectionsOnly(t *testing.T) {
	info := attribute(attrInfo, make([]byte, 248)...)
	for state := State(1); state <= BoundInactive; state++ {
		b := record(info)
		b[1] = byte(state)
		native.PutUint32(b[60:], 1) // one byte in flight that tcp_info does not have as sent: the SYN
		s, err := parseMessage(b)
		if err != nil {
			t.Fatal(err)
		}
		want := OpenUnknown
		if state == Established || state == CloseWait {
			want = OpenedActively
		}
		if s.Opened != want {
			t.Errorf("%s: %v, want %v", state, s.Opened, want)
		}
	}
}

// The corpus has what Linux 6.18 (little-endian) said of sockets of many kinds.
func FuzzParseMessage(f *testing.F) {
	f.Add(record())
	f.Add(record(attribute(attrULPInfo, attribute(ulpName, []byte("tls\x00")...)...), attribute(attrCgroupID, make([]byte, 8)...)))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseMessage(b)
		if err != nil {
			if s != (Socket{}) {
				t.Fatalf("error %v, and yet %+v", err, s)
			}
			return
		}
		if v4 := s.Family == 2; v4 != s.Local.Addr().Is4() || v4 != s.Remote.Addr().Is4() {
			t.Errorf("family %d: %s -> %s", s.Family, s.Local, s.Remote)
		}
		// What is not known must not change what is.
		padded := append(slices.Clone(b), make([]byte, -len(b)&3)...)
		again, err := parseMessage(append(padded, attribute(0x3fff, 1, 2, 3)...))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, again, byValue); diff != "" {
			t.Errorf("with an unknown attribute (-without +with):\n%s", diff)
		}
	})
}
