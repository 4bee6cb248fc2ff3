package holders

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

func TestMain(m *testing.M) {
	os.Exit(nstest.Main(m))
}

var (
	v4     = netip.MustParseAddr("10.99.0.1")
	v6     = netip.MustParseAddr("fd99::1")
	mapped = netip.MustParseAddr("::ffff:10.99.0.1")
	any4   = netip.IPv4Unspecified()
	any6   = netip.IPv6Unspecified()
)

func newRig(t *testing.T) *Rig {
	t.Helper()
	nstest.Addr(t, "10.99.0.1/32")
	nstest.Addr(t, "fd99::1/128")
	return New(t)
}

func spec(proto int, addr netip.Addr, state State, origin Origin) Spec {
	return Spec{Options: Options{Protocol: proto, Addr: addr}, State: state, Origin: origin}
}

// procStates reads /proc/net/NAME and NAME6: local port to TCP_ state numbers. It shows no TCP socket that is only bound.
func procStates(t *testing.T, name string) map[uint16][]uint64 {
	t.Helper()
	states := make(map[uint16][]uint64)
	for _, file := range []string{name, name + "6"} {
		f, err := os.Open("/proc/net/" + file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			fields := strings.Fields(lines.Text())
			if len(fields) < 4 || fields[0] == "sl" {
				continue
			}
			_, hexPort, _ := strings.Cut(fields[1], ":")
			port, errPort := strconv.ParseUint(hexPort, 16, 16)
			state, errState := strconv.ParseUint(fields[3], 16, 8)
			if err := errors.Join(errPort, errState, lines.Err()); err != nil {
				t.Fatalf("%s: %q: %v", file, lines.Text(), err)
			}
			states[uint16(port)] = append(states[uint16(port)], state)
		}
	}
	return states
}

func TestHoldersAreInTheirState(t *testing.T) {
	rig := newRig(t)
	type row struct {
		kernel   []uint64 // TCP_ numbers in /proc/net/tcp
		fd, peer bool
	}
	rows := map[State]row{
		Established:    {[]uint64{1}, true, true},
		SynSent:        {[]uint64{2}, true, true},
		CloseWait:      {[]uint64{8}, true, false},
		FinWait1:       {[]uint64{4}, true, true},
		FinWait2:       {[]uint64{5}, true, true},
		LastAck:        {[]uint64{9}, true, true},
		FinWait2Orphan: {[]uint64{5}, false, true},
		FinWait1Orphan: {[]uint64{4}, false, true},
		LastAckOrphan:  {[]uint64{9}, false, true},
		TimeWait:       {[]uint64{6}, false, false},
		Reset:          {nil, true, false},
	}
	var held []*Holder
	for state := range rows {
		for _, addr := range []netip.Addr{v4, v6, mapped} {
			for _, origin := range []Origin{Named, Picked, AcceptedWildcard, AcceptedSpecific} {
				if state == SynSent && (origin == AcceptedWildcard || origin == AcceptedSpecific) {
					continue
				}
				port := uint16(20001 + len(held))
				held = append(held, rig.Hold(t, port, spec(unix.IPPROTO_TCP, addr, state, origin)))
			}
		}
	}
	kernel := procStates(t, "tcp")
	for _, h := range held {
		t.Run(h.Spec.String(), func(t *testing.T) {
			// A server that an accepted socket came from is gone, its client has another port.
			got := row{kernel[h.Local.Port()], h.FD >= 0, h.Peer >= 0}
			if diff := cmp.Diff(rows[h.State], got, cmp.AllowUnexported(row{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if h.Local.Addr() != h.Addr {
				t.Errorf("its address is %v", h.Local.Addr())
			}
		})
	}
}

func TestServersAndDatagramSockets(t *testing.T) {
	rig := newRig(t)
	for i, tt := range []struct {
		spec   Spec
		local  netip.Addr
		kernel []uint64
	}{
		{spec(unix.IPPROTO_TCP, any4, Listen, Named), any4, []uint64{10}},
		{spec(unix.IPPROTO_TCP, any6, Listen, Picked), any6, []uint64{10}},
		{spec(unix.IPPROTO_TCP, v6, Bound, Named), v6, nil},
		{spec(unix.IPPROTO_TCP, mapped, Bound, Picked), mapped, nil},
		{spec(unix.IPPROTO_UDP, any4, Bound, Named), any4, []uint64{7}},
		{spec(unix.IPPROTO_UDP, v6, Established, Named), v6, []uint64{1}},
		{spec(unix.IPPROTO_UDP, mapped, Established, Picked), mapped, []uint64{1}},
		{spec(unix.IPPROTO_UDP, any4, Bound, Picked), any4, []uint64{7}},
		{spec(unix.IPPROTO_UDP, any6, Bound, Picked), any6, []uint64{7}},
		{spec(unix.IPPROTO_UDP, netip.MustParseAddr("::ffff:0.0.0.0"), Bound, Picked), any6, []uint64{7}},
	} {
		name, kind := "tcp", unix.SOCK_STREAM
		if tt.spec.Protocol == unix.IPPROTO_UDP {
			name, kind = "udp", unix.SOCK_DGRAM
		}
		t.Run(name+" "+tt.spec.String(), func(t *testing.T) {
			port := uint16(21001 + i)
			h := rig.Hold(t, port, tt.spec)
			if want := netip.AddrPortFrom(tt.local, port); h.Local != want {
				t.Errorf("bound to %v, want %v", h.Local, want)
			}
			if diff := cmp.Diff(tt.kernel, procStates(t, name)[port]); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
			if got, err := unix.GetsockoptInt(h.FD, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || got != kind {
				t.Errorf("socket type %d, %v", got, err)
			}
		})
	}
}

// Only bind() to an IPv6 address makes a socket v6only by itself.
func TestV6OnlyFlag(t *testing.T) {
	rig := newRig(t)
	for i, tt := range []struct {
		spec Spec
		want bool
	}{
		{spec(unix.IPPROTO_TCP, v6, Established, Named), true},
		{spec(unix.IPPROTO_TCP, v6, Established, AcceptedSpecific), true},
		{spec(unix.IPPROTO_UDP, v6, Bound, Named), true},
		{spec(unix.IPPROTO_TCP, v6, Established, Picked), false},
		{spec(unix.IPPROTO_TCP, v6, TimeWait, AcceptedWildcard), false},
		{spec(unix.IPPROTO_UDP, v6, Established, Picked), false},
		{spec(unix.IPPROTO_TCP, any6, Listen, Named), false},
		{spec(unix.IPPROTO_TCP, mapped, Bound, Named), false},
		{spec(unix.IPPROTO_TCP, v4, Bound, Named), false},
	} {
		t.Run(tt.spec.String(), func(t *testing.T) {
			if got := rig.Hold(t, uint16(22001+i), tt.spec).V6Only; got != tt.want {
				t.Errorf("V6Only = %v", got)
			}
		})
	}
}

func TestOptionsAreSet(t *testing.T) {
	nstest.Root(t) // for the uid
	rig := newRig(t)
	o := Options{Protocol: unix.IPPROTO_TCP, Addr: any6, V6Only: true, ReuseAddr: true, ReusePort: true, FreeBind: true, UID: 1000, Device: "lo"}
	h := rig.Hold(t, 23001, Spec{Options: o, State: Listen, Origin: Named})
	get := func(level, option int) bool {
		v, err := unix.GetsockoptInt(h.FD, level, option)
		if err != nil {
			t.Fatal(err)
		}
		return v != 0
	}
	device, err := unix.GetsockoptString(h.FD, unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
	if err != nil {
		t.Fatal(err)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(h.FD, &stat); err != nil {
		t.Fatal(err)
	}
	got := Options{
		Protocol: unix.IPPROTO_TCP, Addr: h.Local.Addr(), V6Only: get(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY),
		ReuseAddr: get(unix.SOL_SOCKET, unix.SO_REUSEADDR), ReusePort: get(unix.SOL_SOCKET, unix.SO_REUSEPORT),
		FreeBind: get(unix.IPPROTO_IPV6, unix.IPV6_FREEBIND), UID: int(stat.Uid), Device: device,
	}
	if diff := cmp.Diff(o, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCloseFreesThePort(t *testing.T) {
	rig := newRig(t)
	service := Options{Protocol: unix.IPPROTO_TCP, Addr: any6}
	for i, state := range []State{Bound, Listen, Established, SynSent, CloseWait, FinWait2, FinWait2Orphan, FinWait1Orphan, LastAckOrphan} {
		t.Run(string(state), func(t *testing.T) {
			port := uint16(24001 + i)
			h, err := rig.Make(port, spec(unix.IPPROTO_TCP, v4, state, Named))
			if err != nil {
				t.Fatal(err)
			}
			if fd, err := service.Bind(port); !errors.Is(err, unix.EADDRINUSE) {
				unix.Close(fd)
				t.Errorf("bind beside it: %v, want EADDRINUSE", err)
			}
			if err := errors.Join(h.Close(), h.Close()); err != nil {
				t.Fatal(err)
			}
			fd, err := service.Bind(port)
			if err != nil {
				t.Fatalf("bind after Close: %v", err)
			}
			unix.Close(fd)
		})
	}
}

func TestClientsShareAPort(t *testing.T) {
	rig := newRig(t)
	for range 5 {
		rig.Hold(t, 25000, spec(unix.IPPROTO_TCP, v4, Established, Picked))
	}
	if diff := cmp.Diff([]uint64{1, 1, 1, 1, 1}, procStates(t, "tcp")[25000]); diff != "" {
		t.Errorf("states on the port (-want +got):\n%s", diff)
	}
}

func TestPortRangeIsRestored(t *testing.T) {
	rig := newRig(t)
	rig.Hold(t, 26000, spec(unix.IPPROTO_TCP, v4, Established, Picked))
	if _, err := rig.Make(26001, spec(unix.IPPROTO_TCP, netip.MustParseAddr("192.0.2.1"), Established, Picked)); err == nil {
		t.Error("a client of an address that is not here")
	}
	now, err := os.ReadFile(portRangeFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(rig.portRange), string(now)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestImpossibleSpecsAreRefused(t *testing.T) {
	rig := newRig(t)
	tcp, udp := unix.IPPROTO_TCP, unix.IPPROTO_UDP
	for i, s := range []Spec{
		{},
		spec(tcp, netip.Addr{}, Listen, Named),
		spec(tcp, any4, Established, Picked),
		spec(tcp, netip.MustParseAddr("::ffff:0.0.0.0"), TimeWait, Named),
		spec(tcp, v4, SynSent, AcceptedSpecific),
		spec(tcp, v4, Listen, AcceptedWildcard),
		spec(udp, v4, Established, AcceptedWildcard),
		spec(udp, v4, TimeWait, Named),
		spec(tcp, v4, "ASLEEP", Named),
		spec(tcp, v4, Bound, "found"),
	} {
		t.Run(fmt.Sprintf("%d %s", s.Protocol, s), func(t *testing.T) {
			if h, err := rig.Make(uint16(27001+i), s); err == nil {
				h.Close()
				t.Error("was made")
			}
		})
	}
}

// What is asked of the kernel leaves nothing that is in the way of asking again.
func TestDestroysCanBeAskedAgain(t *testing.T) {
	rig := New(t)
	for _, state := range []State{Established, TimeWait, FinWait2Orphan, FinWait1Orphan} {
		first := rig.Destroys(t, state)
		if again := rig.Destroys(t, state); again != first {
			t.Errorf("%s: %v, then %v", state, first, again)
		}
		t.Logf("%s: %v", state, first)
	}
}
