package sockdiag

import (
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"
)

// A zoo is sockets of both families and many states on the ports 30100 to 30107. One goes on in TIME_WAIT after the
// test: so every zoo needs a server port of its own.
func zoo(t *testing.T, server uint16) {
	t.Helper()
	listen(t, reuseAddr(t, tcp4(t)), "0.0.0.0:30100")
	listen(t, reuseAddr(t, mptcp4(t)), "0.0.0.0:30101")
	listen(t, reuseAddr(t, tcp6(t)), "[::1]:30102")
	bind(t, tcp4(t), "127.0.0.1:30103")
	bind(t, tcp6(t), "[::1]:30104")
	bind(t, udp4(t), "127.0.0.1:30105")
	bind(t, open(t, unix.AF_INET6, unix.SOCK_DGRAM, 0), "[::1]:30105")
	connect(t, mptcp4(t), "127.0.0.1:30101")
	client, accepted := connected(t, 30106, server)
	talk(t, client, accepted)
	connect(t, bind(t, tcp6(t), "[::1]:30107"), "[::1]:30102")
	closeNow(t, client)
	closeNow(t, accepted) // 30106 is in TIME_WAIT
}

func sorted(sockets []Socket) []Socket {
	slices.SortFunc(sockets, func(a, b Socket) int { return cmp.Compare(a.Cookie, b.Cookie) })
	return sockets
}

func sameSockets(want, got []Socket) string {
	return gocmp.Diff(sorted(want), sorted(got), cmpopts.EquateComparable(Socket{}.Local),
		cmpopts.IgnoreFields(Socket{}, "Expires", "Timer")) // time passes, and acknowledgements arrive
}

func TestBothFamiliesInOneDumpAreWhatTwoDumpsSay(t *testing.T) {
	zoo(t, 7101)
	for _, tt := range []struct {
		name  string
		query Query
		atMin int // sockets that must be there, whatever else this kernel lists
	}{
		{"every TCP socket", Query{Protocol: tcpProto}, 9},
		{"with info", Query{Protocol: tcpProto, Info: true}, 9},
		{"listeners", Query{Protocol: tcpProto, States: MaskOf(Listen)}, 4},
		{"connections", Query{Protocol: tcpProto, States: MaskOf(Established)}, 4},
		{"bound and idle", Query{Protocol: tcpProto, States: MaskOf(BoundInactive)}, 0},
		{"ports", Query{Protocol: tcpProto, Ports: []PortRange{{30102, 30103}, {30106, 30107}}}, 3},
		{"named", Query{Protocol: tcpProto, Named: true, Info: true}, 4},
		{"named, ports", Query{Protocol: tcpProto, Named: true, Ports: []PortRange{{30101, 30106}}}, 2},
		{"every UDP socket", Query{Protocol: udpProto}, 2},
		{"UDP ports", Query{Protocol: udpProto, Ports: port(30105)}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			both := dump(t, tt.query)
			v4, v6 := tt.query, tt.query
			v4.Family, v6.Family = unix.AF_INET, unix.AF_INET6
			if diff := sameSockets(append(dump(t, v4), dump(t, v6)...), both); diff != "" {
				t.Errorf("(-two dumps +one):\n%s", diff)
			}
			if len(both) < tt.atMin {
				t.Errorf("%d sockets, want at least %d", len(both), tt.atMin)
			}
		})
	}
}

func TestFamilyLeavesOutTheOther(t *testing.T) {
	zoo(t, 7102)
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		for _, protocol := range []uint8{tcpProto, udpProto} {
			sockets := dump(t, Query{Protocol: protocol, Family: family})
			if len(sockets) == 0 {
				t.Errorf("family %d, protocol %d: none", family, protocol)
			}
			for _, s := range sockets {
				if s.Family != family || s.Protocol != protocol {
					t.Errorf("family %d, protocol %d: got %+v", family, protocol, s)
				}
			}
		}
	}
}

func TestPortsAreThoseAskedFor(t *testing.T) {
	var have []uint16
	for p := uint16(31000); p < 31060; p += 3 {
		bind(t, udp4(t), at("127.0.0.1", p))
		bind(t, tcp4(t), at("127.0.0.1", p))
		have = append(have, p)
	}
	spread := func(n int, step uint16) (ranges []PortRange) {
		for i := range n {
			first := 31000 + uint16(i)*step
			ranges = append(ranges, PortRange{first, first})
		}
		return ranges
	}
	for _, tt := range []struct {
		name  string
		ports []PortRange
	}{
		{"every", nil},
		{"none", []PortRange{}},
		{"one", port(31003)},
		{"one that nobody has", port(31004)},
		{"the ends of a range are in it", []PortRange{{31003, 31009}}},
		{"between the ends", []PortRange{{31004, 31008}}},
		{"all there are", []PortRange{{0, 65535}}},
		{"two", []PortRange{{31057, 31057}, {31000, 31000}}},
		{"many", []PortRange{{1, 5}, {31001, 31003}, {31005, 31005}, {31012, 31020}, {31050, 31054}, {65535, 65535}}},
		{"overlapping and touching", []PortRange{{31010, 31020}, {31015, 31016}, {31021, 31030}, {31018, 31022}}},
		{"backwards is none", []PortRange{{31020, 31010}}},
		{"as many as one program takes", spread(maxRanges, 2)},
		{"more than one program takes", spread(5000, 6)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var want []uint16
			for _, p := range have {
				inRange := func(r PortRange) bool { return r.First <= p && p <= r.Last }
				if tt.ports == nil || slices.ContainsFunc(tt.ports, inRange) {
					want = append(want, p)
				}
			}
			for _, protocol := range []uint8{udpProto, tcpProto} {
				if protocol == tcpProto {
					needBoundInactive(t)
				}
				var got []uint16
				for _, s := range dump(t, Query{Protocol: protocol, Ports: tt.ports}) {
					if s.Local.Port() >= 31000 { // not that of needBoundInactive
						got = append(got, s.Local.Port())
					}
				}
				slices.Sort(got)
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("protocol %d (-want +got):\n%s", protocol, diff)
				}
			}
		})
	}
}

// What another dump costs is the walk over the kernel's tables, not the sockets found.
func BenchmarkDump(b *testing.B) {
	for _, bb := range []struct {
		name    string
		queries []Query
	}{
		{"one walk for both families", []Query{{Protocol: tcpProto}}},
		{"a walk for each family", []Query{
			{Protocol: tcpProto, Family: unix.AF_INET}, {Protocol: tcpProto, Family: unix.AF_INET6}}},
		{"listeners", []Query{{Protocol: tcpProto, States: MaskOf(Listen)}}},
		{"UDP", []Query{{Protocol: udpProto}}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			c := dial(b)
			for b.Loop() {
				for _, q := range bb.queries {
					q.Ports = port(30010)
					if _, err := c.Dump(b.Context(), q); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
