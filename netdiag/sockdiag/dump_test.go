package sockdiag

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// said is what tells one kind of socket from another.
type said struct {
	Protocol  int
	State     string
	Local     string // without the port
	Remote    string // "" without a peer
	V6Only    Tristate
	ULP       string
	Opened    Opened
	Auto      bool // nobody asked for its port by number
	Minisock  bool // and says how long it lasts
	OwnInode  bool // that of the descriptor
	OwnCookie bool
}

func sayings(t *testing.T, fd int, q Query) said {
	t.Helper()
	s := one(t, q)
	q.Named = true
	got := said{
		Protocol: int(s.Protocol), State: s.State.String(), Local: s.Local.Addr().String(),
		V6Only: s.V6Only, ULP: s.ULP, Opened: s.Opened,
		Auto: len(dump(t, q)) == 0, Minisock: s.Minisock() && s.Expires > 0,
	}
	if s.Remote.Port() != 0 {
		got.Remote = s.Remote.String()
	}
	if fd >= 0 {
		got.OwnInode, got.OwnCookie = s.Inode == inodeOf(t, fd), s.Cookie == cookieOf(t, fd)
	}
	return got
}

const (
	tcpProto = unix.IPPROTO_TCP
	udpProto = unix.IPPROTO_UDP
)

// connection is what is said of a TCP connection with port 7000 whose own port the kernel picked, or took from the listener.
func connection(state string, opened Opened) said {
	return said{
		Protocol: tcpProto, State: state, Local: "127.0.0.1", Remote: "127.0.0.1:7000", Opened: opened,
		Auto: true, OwnInode: true, OwnCookie: true,
	}
}

// remains is what is said of what remains of one.
func remains(state string) said {
	return said{Protocol: tcpProto, State: state, Local: "127.0.0.1", Remote: "127.0.0.1:7000", Auto: true, Minisock: true}
}

func TestWhatADumpSaysOfEachKindOfSocket(t *testing.T) {
	subject := uint16(30010) // the port that each test asks about; its peer, if any, is on port 7000
	for _, tt := range []struct {
		name string
		make func(t *testing.T, port uint16) int // returns the descriptor, or -1 if there is none
		want said
	}{
		{"listener on every IPv4 address", func(t *testing.T, p uint16) int {
			return listen(t, tcp4(t), at("0.0.0.0", p))
		}, said{Protocol: tcpProto, State: "LISTEN", Local: "0.0.0.0", OwnInode: true, OwnCookie: true}},

		{"dual-stack listener", func(t *testing.T, p uint16) int {
			fd := tcp6(t)
			setOption(t, fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
			return listen(t, fd, at("::", p))
		}, said{Protocol: tcpProto, State: "LISTEN", Local: "::", V6Only: No, OwnInode: true, OwnCookie: true}},

		{"IPv6-only listener", func(t *testing.T, p uint16) int {
			fd := tcp6(t)
			setOption(t, fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
			return listen(t, fd, at("::", p))
		}, said{Protocol: tcpProto, State: "LISTEN", Local: "::", V6Only: Yes, OwnInode: true, OwnCookie: true}},

		{"MPTCP listener: its TCP subflow has another cookie than the descriptor", func(t *testing.T, p uint16) int {
			return listen(t, mptcp4(t), at("127.0.0.1", p))
		}, said{Protocol: tcpProto, State: "LISTEN", Local: "127.0.0.1", ULP: "mptcp", OwnInode: true}},

		{"bound and idle", func(t *testing.T, p uint16) int {
			needBoundInactive(t)
			return bind(t, tcp4(t), at("127.0.0.1", p))
		}, said{Protocol: tcpProto, State: "CLOSE", Local: "127.0.0.1", OwnInode: true, OwnCookie: true}},

		{"bound and idle, IPv6", func(t *testing.T, p uint16) int {
			needBoundInactive(t)
			return bind(t, tcp6(t), at("::1", p))
		}, said{Protocol: tcpProto, State: "CLOSE", Local: "::1", V6Only: Yes, OwnInode: true, OwnCookie: true}},

		{"client whose port the kernel picked", func(t *testing.T, p uint16) int {
			fd, _ := connected(t, p, 7000)
			return fd
		}, connection("ESTABLISHED", OpenedActively)},

		{"client after data both ways", func(t *testing.T, p uint16) int {
			fd, accepted := connected(t, p, 7000)
			talk(t, fd, accepted)
			return fd
		}, connection("ESTABLISHED", OpenedActively)},

		{"client that asked for its port", func(t *testing.T, p uint16) int {
			listen(t, reuseAddr(t, tcp4(t)), "127.0.0.1:7000")
			return connect(t, bind(t, tcp4(t), at("0.0.0.0", p)), "127.0.0.1:7000")
		}, said{
			Protocol: tcpProto, State: "ESTABLISHED", Local: "127.0.0.1", Remote: "127.0.0.1:7000",
			Opened: OpenedActively, OwnInode: true, OwnCookie: true,
		}},

		{"client whose peer has closed", func(t *testing.T, p uint16) int {
			fd, accepted := connected(t, p, 7000)
			talk(t, fd, accepted)
			closeNow(t, accepted)
			return fd
		}, connection("CLOSE_WAIT", OpenedActively)},

		{"AF_INET6 client of an IPv4 server", func(t *testing.T, p uint16) int {
			listen(t, reuseAddr(t, tcp4(t)), "127.0.0.1:7000")
			nstest.SetRange(t, p, p)
			return connect(t, tcp6(t), "[::ffff:127.0.0.1]:7000")
		}, said{
			Protocol: tcpProto, State: "ESTABLISHED", Local: "::ffff:127.0.0.1", Remote: "[::ffff:127.0.0.1]:7000", Opened: OpenedActively,
			Auto: true, OwnInode: true, OwnCookie: true,
		}},

		{"MPTCP client", func(t *testing.T, p uint16) int {
			listen(t, reuseAddr(t, mptcp4(t)), "127.0.0.1:7000")
			nstest.SetRange(t, p, p)
			return connect(t, mptcp4(t), "127.0.0.1:7000")
		}, said{
			Protocol: tcpProto, State: "ESTABLISHED", Local: "127.0.0.1", Remote: "127.0.0.1:7000", ULP: "mptcp",
			Opened: OpenedActively, Auto: true, OwnInode: true,
		}},

		{"accepted, its listener closed", func(t *testing.T, p uint16) int {
			_, fd := acceptedOn(t, p)
			return fd
		}, connection("ESTABLISHED", OpenedPassively)},

		{"accepted, after data both ways", func(t *testing.T, p uint16) int {
			client, fd := acceptedOn(t, p)
			talk(t, client, fd)
			return fd
		}, connection("ESTABLISHED", OpenedPassively)},

		{"remains whose peer has closed too", func(t *testing.T, p uint16) int {
			fd, accepted := connected(t, p, 7000)
			closeNow(t, fd)
			closeNow(t, accepted)
			return -1
		}, remains("TIME_WAIT")},

		{"remains of a client that asked for its port pass as auto", func(t *testing.T, p uint16) int {
			l := listen(t, reuseAddr(t, tcp4(t)), "127.0.0.1:7000")
			fd := connect(t, bind(t, tcp4(t), at("0.0.0.0", p)), "127.0.0.1:7000")
			accepted := accept(t, l)
			closeNow(t, fd)
			closeNow(t, accepted)
			return -1
		}, remains("TIME_WAIT")},

		{"remains whose peer has not closed", func(t *testing.T, p uint16) int {
			nstest.Sysctl(t, "net.ipv4.tcp_fin_timeout", "30") // up to 60 s the kernel keeps but the minisock
			fd, _ := connected(t, p, 7000)
			closeNow(t, fd)
			eventually(t, "the peer acknowledges the FIN", func() bool {
				s := dump(t, tcpOn(p)) // none at the moment when the socket makes way for what remains
				return len(s) == 1 && s[0].State != FinWait1
			})
			return -1
		}, remains("FIN_WAIT2")},

		{"UDP bound", func(t *testing.T, p uint16) int {
			return bind(t, udp4(t), at("127.0.0.1", p))
		}, said{Protocol: udpProto, State: "CLOSE", Local: "127.0.0.1", OwnInode: true, OwnCookie: true}},

		{"UDP bound and connected", func(t *testing.T, p uint16) int {
			return connect(t, bind(t, udp4(t), at("0.0.0.0", p)), "127.0.0.1:7000")
		}, said{
			Protocol: udpProto, State: "ESTABLISHED", Local: "127.0.0.1", Remote: "127.0.0.1:7000",
			OwnInode: true, OwnCookie: true,
		}},

		{"UDP client whose port the kernel picked", func(t *testing.T, p uint16) int {
			nstest.SetRange(t, p, p)
			return connect(t, udp4(t), "127.0.0.1:7000")
		}, said{
			Protocol: udpProto, State: "ESTABLISHED", Local: "127.0.0.1", Remote: "127.0.0.1:7000",
			Auto: true, OwnInode: true, OwnCookie: true,
		}},

		{"UDP dual-stack", func(t *testing.T, p uint16) int {
			fd := open(t, unix.AF_INET6, unix.SOCK_DGRAM, 0)
			setOption(t, fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
			return bind(t, fd, at("::", p))
		}, said{Protocol: udpProto, State: "CLOSE", Local: "::", V6Only: No, OwnInode: true, OwnCookie: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clearRemains(t)
			fd := tt.make(t, subject)
			got := sayings(t, fd, Query{Protocol: uint8(tt.want.Protocol), Ports: port(subject), Info: true})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
		subject++ // what remains of one must not be in the way of the next
	}
}

// acceptedOn makes a connection from port 7000 to this port, whose listener is closed then.
func acceptedOn(t *testing.T, port uint16) (client, fd int) {
	t.Helper()
	l := listen(t, reuseAddr(t, tcp4(t)), at("127.0.0.1", port))
	client = connect(t, bind(t, reuseAddr(t, tcp4(t)), "127.0.0.1:7000"), at("127.0.0.1", port))
	fd = accept(t, l)
	closeNow(t, l)
	return client, fd
}

// talk sends data both ways. The last of it may not be acknowledged yet when it returns.
func talk(t *testing.T, a, b int) {
	t.Helper()
	buf := make([]byte, 10000)
	for _, way := range [][2]int{{a, b}, {b, a}, {a, b}} {
		if n, err := unix.Write(way[0], buf); err != nil || n != len(buf) {
			t.Fatalf("wrote %d bytes: %v", n, err)
		}
		for left := len(buf); left > 0; {
			n, err := unix.Read(way[1], buf[:left])
			if err != nil || n == 0 {
				t.Fatalf("read %d bytes: %v", n, err)
			}
			left -= n
		}
	}
}

func TestSocketSeenTwiceIsOneAsSeenLast(t *testing.T) {
	local := netip.MustParseAddrPort("127.0.0.1:30010")
	found := findings{every: true, index: map[uint64]int{}}
	found.add(Socket{Cookie: 1, State: Close, Local: local}) // bound and idle; then it connects
	found.add(Socket{Cookie: 2, State: Listen, Local: local})
	found.add(Socket{Cookie: 1, State: SynSent, Local: local})
	want := []Socket{{Cookie: 1, State: SynSent, Local: local}, {Cookie: 2, State: Listen, Local: local}}
	if diff := cmp.Diff(want, slices.Concat(found.pieces...), cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestKernelThatRefusesOneDumpForBothIsAskedTwice(t *testing.T) {
	for err, want := range map[error]bool{
		unix.EOPNOTSUPP: true, unix.EINVAL: true, unix.ENOENT: true, unix.EPERM: true,
		nil: false, errIncomplete: false, context.Canceled: false, unix.ENOMEM: false,
	} {
		if got := legacyRefused(err); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}
