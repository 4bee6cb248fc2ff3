package sockdiag

import "testing"

func TestStateNames(t *testing.T) {
	for state, want := range map[State]string{
		0: "state 0", Established: "ESTABLISHED", SynRecv: "SYN_RECV", FinWait1: "FIN_WAIT1", TimeWait: "TIME_WAIT",
		Close: "CLOSE", CloseWait: "CLOSE_WAIT", Listen: "LISTEN", Closing: "CLOSING", NewSynRecv: "NEW_SYN_RECV",
		BoundInactive: "BOUND_INACTIVE", 14: "state 14", 255: "state 255",
	} {
		if got := state.String(); got != want {
			t.Errorf("State(%d) = %q, want %q", uint8(state), got, want)
		}
	}
}

func TestMasks(t *testing.T) {
	for _, tt := range []struct {
		name      string
		got, want States
	}{
		{"none", MaskOf(), 0},
		{"listeners", MaskOf(Listen), 0x400},
		{"several", MaskOf(Established, SynSent, BoundInactive), 0x2006},
		{"all has the bit of bound, idle sockets", AllStates & MaskOf(BoundInactive), 0x2000},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %#x, want %#x", tt.name, tt.got, tt.want)
		}
	}
}

func TestMinisock(t *testing.T) {
	for _, tt := range []struct {
		name   string
		socket Socket
		want   bool
	}{
		{"TIME_WAIT", Socket{State: TimeWait, Timer: 3}, true},
		{"FIN_WAIT2 after its owner has gone", Socket{State: FinWait2, Timer: 3}, true},
		{"FIN_WAIT2 of a shutdown() socket still open", Socket{State: FinWait2, Inode: 7}, false},
		{"FIN_WAIT2 orphan that is still a full socket", Socket{State: FinWait2, Timer: 2}, false},
		{"closing with unsent data", Socket{State: FinWait1, Timer: 1}, false},
		{"not accepted yet", Socket{State: Established}, false},
	} {
		if got := tt.socket.Minisock(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
