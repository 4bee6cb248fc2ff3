package netdiag_test

import (
	"testing"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

func TestKindOfTCP(t *testing.T) {
	const owned = 7 // an inode
	auto := netdiag.Evidence{Auto: sockdiag.Yes}
	ephemeral := netdiag.Evidence{Auto: sockdiag.Yes, InEphemeralRange: true}
	server := netdiag.Evidence{Auto: sockdiag.Yes, InEphemeralRange: true, ListenerBeside: true}
	named := netdiag.Evidence{Auto: sockdiag.No, InEphemeralRange: true}
	for _, tt := range []struct {
		name     string
		socket   sockdiag.Socket
		evidence netdiag.Evidence
		want     netdiag.Kind
	}{
		{"listens", sockdiag.Socket{State: sockdiag.Listen, Inode: owned}, auto, netdiag.Listener},
		{"bound", sockdiag.Socket{State: sockdiag.Close, Inode: owned}, named, netdiag.Bound},
		{"asked for as bound", sockdiag.Socket{State: sockdiag.BoundInactive, Inode: owned}, named, netdiag.Bound},
		{"opened by us", sockdiag.Socket{State: sockdiag.Established, Inode: owned, Opened: sockdiag.OpenedActively}, server, netdiag.Client},
		{"opened by the peer", sockdiag.Socket{State: sockdiag.Established, Inode: owned, Opened: sockdiag.OpenedPassively}, ephemeral, netdiag.Accepted},
		{"opened by us on a named port", sockdiag.Socket{State: sockdiag.Established, Inode: owned, Opened: sockdiag.OpenedActively}, named, netdiag.BoundClient},
		{"asks for a connection", sockdiag.Socket{State: sockdiag.SynSent, Inode: owned}, auto, netdiag.Client},
		{"is asked for one", sockdiag.Socket{State: sockdiag.SynRecv}, auto, netdiag.Accepted},
		{"waits for accept()", sockdiag.Socket{State: sockdiag.Established}, auto, netdiag.Accepted},
		{"waits for accept(), and the client hung up", sockdiag.Socket{State: sockdiag.CloseWait}, auto, netdiag.Accepted},
		{"an MPTCP subflow that waits for accept()", sockdiag.Socket{State: sockdiag.Established, ULP: "mptcp", Opened: sockdiag.OpenedPassively}, server, netdiag.Accepted},
		{"one that we opened, and whose program is gone", sockdiag.Socket{State: sockdiag.Established, ULP: "mptcp", Opened: sockdiag.OpenedActively}, ephemeral, netdiag.Client},
		{"the same on a named port", sockdiag.Socket{State: sockdiag.CloseWait, ULP: "mptcp", Opened: sockdiag.OpenedActively}, named, netdiag.BoundClient},
		{"one that the peer opened, and whose program is gone", sockdiag.Socket{State: sockdiag.Established, ULP: "mptcp", Opened: sockdiag.OpenedPassively}, auto, netdiag.Accepted},

		{"nobody knows who opened it, on an ephemeral port", sockdiag.Socket{State: sockdiag.FinWait2, Inode: owned}, ephemeral, netdiag.Client},
		{"the same beside a listener", sockdiag.Socket{State: sockdiag.FinWait2, Inode: owned}, server, netdiag.Accepted},
		{"the same on a port that the kernel does not pick", sockdiag.Socket{State: sockdiag.FinWait2, Inode: owned}, auto, netdiag.Accepted},
		{"the same on a named port", sockdiag.Socket{State: sockdiag.FinWait2, Inode: owned}, named, netdiag.BoundClient},

		{"TIME_WAIT", sockdiag.Socket{State: sockdiag.TimeWait}, auto, netdiag.Remains},
		{"FIN_WAIT2 of nobody", sockdiag.Socket{State: sockdiag.FinWait2}, auto, netdiag.Remains},
		{"FIN_WAIT1 of nobody", sockdiag.Socket{State: sockdiag.FinWait1}, auto, netdiag.Closing},
		{"LAST_ACK of nobody", sockdiag.Socket{State: sockdiag.LastAck}, auto, netdiag.Closing},
		{"CLOSING of nobody", sockdiag.Socket{State: sockdiag.Closing}, auto, netdiag.Closing},
	} {
		tt.socket.Protocol = uint8(netdiag.TCP)
		if got := netdiag.KindOf(tt.socket, tt.evidence); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestKindOfUDP(t *testing.T) {
	for _, tt := range []struct {
		name  string
		state sockdiag.State
		auto  sockdiag.Tristate
		want  netdiag.Kind
	}{
		{"bound to a named port", sockdiag.Close, sockdiag.No, netdiag.Listener},
		{"connected from a named port", sockdiag.Established, sockdiag.No, netdiag.BoundClient},
		{"connected", sockdiag.Established, sockdiag.Yes, netdiag.Client},
		{"has sent something", sockdiag.Close, sockdiag.Yes, netdiag.Client},
	} {
		s := sockdiag.Socket{Protocol: uint8(netdiag.UDP), State: tt.state, Inode: 7}
		if got := netdiag.KindOf(s, netdiag.Evidence{Auto: tt.auto}); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestKindNames(t *testing.T) {
	for kind, want := range map[netdiag.Kind]string{
		0: "", netdiag.Listener: "listener", netdiag.Client: "client", netdiag.BoundClient: "bound-client",
		netdiag.Accepted: "accepted", netdiag.Bound: "bound", netdiag.Remains: "remains", netdiag.Closing: "closing",
		netdiag.Kernel: "kernel", netdiag.Kernel + 1: "",
	} {
		if got := kind.String(); got != want {
			t.Errorf("%d: %q, want %q", kind, got, want)
		}
	}
}
