package netdiag

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// Why a socket has no owner: what is certain comes first, and what could not be seen before any guess.
func TestAbsence(t *testing.T) {
	const user = 1000
	const unknown, no, yes = sockdiag.Unknown, sockdiag.No, sockdiag.Yes
	ring := []owner.Hint{{Kind: owner.HintIOURing}}
	flight := []owner.Hint{{Kind: owner.HintInFlight}}
	veiled := []owner.Hint{{Kind: owner.HintVeiledRing, Files: "TCP"}}
	smc := []owner.Hint{{Kind: owner.HintSMC}}
	full := sockdiag.Socket{Inode: 7, UID: user}
	subflow := sockdiag.Socket{Inode: 7, UID: user, ULP: "mptcp"}
	for _, tt := range []struct {
		name     string
		socket   sockdiag.Socket
		kind     Kind
		found    owner.Result
		hints    []owner.Hint
		searched error
		closed   sockdiag.Tristate // of MPTCP
		want     Absence
	}{
		{"TIME_WAIT", sockdiag.Socket{}, Remains, owner.Result{}, nil, nil, no, Ownerless},
		{"TIME_WAIT, and /proc not readable", sockdiag.Socket{}, Remains, owner.Result{}, nil, owner.ErrNoProc, no, Ownerless},
		{"data unsent", sockdiag.Socket{}, Closing, owner.Result{}, nil, nil, no, Ownerless},
		{"in the queue of a listener", sockdiag.Socket{}, Accepted, owner.Result{Unreadable: 1}, nil, nil, no, NotAccepted},
		{"/proc not readable", full, Client, owner.Result{}, nil, owner.ErrNoProc, no, NoProc},
		{"no descriptors left", full, Client, owner.Result{}, nil, unix.EMFILE, no, Unsearched},

		{"io_uring", full, Listener, owner.Result{}, ring, nil, no, InRing},
		{"io_uring, though not all could be seen", full, Listener, owner.Result{Unreadable: 1}, append(flight, ring...), nil, no, InRing},
		{"perhaps in a unix socket", full, Listener, owner.Result{}, flight, nil, no, InFlight},
		{"perhaps in a unix socket, perhaps with a process not seen", full, Listener, owner.Result{Unreadable: 1}, flight, nil, no, NotPermitted},

		{"in a container", full, Client, owner.Result{ChildPIDNamespace: true}, nil, nil, no, OtherPIDNamespace},
		{"an ordinary user in a container", full, Client, owner.Result{ChildPIDNamespace: true, Unreadable: 1}, nil, nil, no, NotPermitted},
		{"root's in a container: perhaps not the kernel's", sockdiag.Socket{Inode: 7}, Listener, owner.Result{ChildPIDNamespace: true}, nil, nil, no, OtherPIDNamespace},
		{"of a user namespace", full, Client, owner.Result{Confined: true, Unreadable: 1, ChildPIDNamespace: true}, nil, nil, no, OtherUserNamespace},
		{"of a user namespace, with hidepid", full, Client, owner.Result{Confined: true, Hidepid: true}, nil, nil, no, OtherUserNamespace},
		{"of a pid and a user namespace", full, Client, owner.Result{Confined: true, ChildPIDNamespace: true}, nil, nil, no, OtherPIDNamespace},
		{"hidepid", full, Client, owner.Result{Hidepid: true, Unreadable: 1}, nil, nil, no, Hidden},
		{"an ordinary user", full, Client, owner.Result{Unreadable: 1}, nil, nil, no, NotPermitted},
		{"root, whom a security module forbids it", full, Client, owner.Result{Unreadable: 1, Vetoed: true}, nil, nil, no, Vetoed},
		{"root, who may look into everybody", full, Client, owner.Result{Vetoed: true}, nil, nil, no, Gone},
		{"an ordinary user, a socket of root", sockdiag.Socket{Inode: 7}, Listener, owner.Result{Unreadable: 1}, nil, nil, no, NotPermitted},

		{"MPTCP, its process gone", subflow, Client, owner.Result{}, nil, nil, unknown, StaleSubflow},
		{"MPTCP, its process gone: the kernel says so", subflow, Client, owner.Result{Unreadable: 1}, nil, owner.ErrNoProc, yes, StaleSubflow},
		{"MPTCP, its process gone, without an inode", sockdiag.Socket{UID: user, ULP: "mptcp"}, Accepted, owner.Result{}, nil, nil, yes, StaleSubflow},
		{"MPTCP, perhaps in a unix socket", subflow, Client, owner.Result{}, flight, nil, no, InFlight},
		{"MPTCP, its process not visible", subflow, Client, owner.Result{Unreadable: 1}, nil, nil, no, NotPermitted},
		{"MPTCP listener", subflow, Listener, owner.Result{}, nil, nil, no, Gone},
		{"root's, and every process was seen", sockdiag.Socket{Inode: 7}, Listener, owner.Result{}, nil, nil, no, OfKernel},
		{"a user's, and every process was seen", full, Client, owner.Result{}, nil, nil, no, Gone},
		{"root's, and an io_uring may have it", sockdiag.Socket{Inode: 7}, Client, owner.Result{}, veiled, nil, no, MayBeInRing},
		{"an io_uring may have it, or a process not seen", full, Client, owner.Result{Unreadable: 1}, veiled, nil, no, NotPermitted},
		{"behind an SMC socket", sockdiag.Socket{Inode: 7}, Client, owner.Result{Unreadable: 1}, append(veiled, smc...), nil, no, OfSMC},
	} {
		tt.socket.Protocol = unix.IPPROTO_TCP
		if got := absence(tt.socket, tt.kind, tt.found, tt.hints, tt.searched, tt.closed, false); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	// Where SMC sockets could not be asked for, nothing is said to be the kernel's.
	if got := absence(sockdiag.Socket{Inode: 7}, Listener, owner.Result{}, nil, nil, no, true); got != OfSMC {
		t.Errorf("SMC, which cannot be asked for: %d", got)
	}
}

// A ring with UDP sockets has no TCP connection.
func TestHintsOfAnotherProtocolAreNone(t *testing.T) {
	hint := func(files string) owner.Hint { return owner.Hint{Kind: owner.HintVeiledRing, Files: files} }
	all := []owner.Hint{hint("UDPv6"), hint("TCPv6"), hint("MPTCP"), {Kind: owner.HintInFlight}}
	got := hintsAt(sockdiag.Socket{Protocol: unix.IPPROTO_TCP}, all)
	if diff := cmp.Diff(all[1:], got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Only a look at every process makes a socket the kernel's own.
func TestHolderThatNobodyHasIsTheKernels(t *testing.T) {
	s := sockdiag.Socket{Protocol: unix.IPPROTO_UDP, State: sockdiag.Close, Inode: 7}
	for _, tt := range []struct {
		found owner.Result
		want  Kind
	}{
		{owner.Result{}, Kernel},
		{owner.Result{Unreadable: 1}, Listener},
		{owner.Result{Owners: map[uint32][]owner.Process{7: {{PID: 1}}}}, Listener},
	} {
		if got := newTables().holder(s, tt.found, nil); got.Kind != tt.want {
			t.Errorf("%+v: %s, want %s", tt.found, got.Kind, tt.want)
		}
	}
}

func TestHoldersAreOrdered(t *testing.T) {
	at := func(remote string, cookie uint64) sockdiag.Socket {
		return sockdiag.Socket{Remote: netip.MustParseAddrPort(remote), Cookie: cookie}
	}
	want := []Holder{
		{Certain: true, Kind: Listener, Socket: at("0.0.0.0:0", 9)},
		{Certain: true, Kind: Client, Socket: at("10.99.0.1:80", 5)},
		{Certain: true, Kind: Client, Socket: at("10.99.0.1:443", 4)},
		{Certain: true, Kind: Client, Socket: at("10.99.0.2:80", 3)},
		{Certain: false, Kind: Client, Socket: at("10.99.0.1:80", 1)},
		{Certain: false, Kind: Client, Socket: at("10.99.0.1:80", 2)},
	}
	got := []Holder{want[5], want[3], want[1], want[4], want[0], want[2]}
	slices.SortFunc(got, compareHolders)
	if !slices.EqualFunc(want, got, func(a, b Holder) bool { return a.Socket == b.Socket }) {
		t.Errorf("want %+v\ngot %+v", want, got)
	}
}
