package sockdiag

import "fmt"

// State is a socket's state as the kernel numbers it (include/net/tcp_states.h). UDP sockets are Established when
// connected and Close otherwise.
type State uint8

// The states. NewSynRecv and BoundInactive are only ever asked for: the kernel reports SynRecv and Close instead.
const (
	Established   State = 1
	SynSent       State = 2
	SynRecv       State = 3
	FinWait1      State = 4
	FinWait2      State = 5
	TimeWait      State = 6
	Close         State = 7
	CloseWait     State = 8
	LastAck       State = 9
	Listen        State = 10
	Closing       State = 11
	NewSynRecv    State = 12
	BoundInactive State = 13 // TCP, bound, neither listening nor connected; Linux 6.8
)

// String is the kernel's name without its TCP_, or "state N" for a number without a name.
func (s State) String() string {
	names := [...]string{
		Established:   "ESTABLISHED",
		SynSent:       "SYN_SENT",
		SynRecv:       "SYN_RECV",
		FinWait1:      "FIN_WAIT1",
		FinWait2:      "FIN_WAIT2",
		TimeWait:      "TIME_WAIT",
		Close:         "CLOSE",
		CloseWait:     "CLOSE_WAIT",
		LastAck:       "LAST_ACK",
		Listen:        "LISTEN",
		Closing:       "CLOSING",
		NewSynRecv:    "NEW_SYN_RECV",
		BoundInactive: "BOUND_INACTIVE",
	}
	if s == 0 || int(s) >= len(names) {
		return fmt.Sprintf("state %d", uint8(s))
	}
	return names[s]
}

// States is a set of states: bit N stands for state N.
type States uint32

// AllStates includes BoundInactive, and states that kernels to come may add.
const AllStates States = 0xffffffff

// MaskOf is the set of these states.
func MaskOf(states ...State) States {
	var mask States
	for _, s := range states {
		mask |= 1 << s
	}
	return mask
}
