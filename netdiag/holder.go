package netdiag

import (
	"errors"
	"net/netip"
	"slices"

	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// Holder is a socket that stands in the way, with what is known of it. Prober.Explain makes them anew at each look: what was found
// at one look and at the next is the same holder when the ID is.
type Holder struct {
	Socket sockdiag.Socket
	Kind   Kind
	Flags  Flags
	// Certain is false when the socket conflicts only if it lacks SO_REUSEADDR, and nothing could tell whether it does; and
	// for UDP with SO_REUSEPORT, when nothing tells which of the sockets the kernel asks. See MayBeApart for another reason.
	Certain bool
	// Device is the name of the device that the socket is bound to, "" for none, and where it cannot be told.
	Device string
	// Owners are the processes that have the socket open, ordered by pid.
	Owners []owner.Process
	// Absence says why Owners is empty.
	Absence Absence
	// Hints name processes that keep the socket without having it open.
	Hints []owner.Hint
	// Hooked: it is a BoundClient, and a BPF program may have asked for the port, not its own.
	Hooked bool
	// Passed tells of a listener whether its owners may have it from another program.
	Passed Passed
	// Served tells, where they may have it from another, whether one of them waits for what comes to it.
	Served sockdiag.Tristate
	// Cgroup is the path of the cgroup that the socket was created in, else of the first owner; "" when unknown.
	Cgroup string
}

// ID is the same for one socket whenever it is seen, and another for every other.
func (h *Holder) ID() SocketID { return idOf(h.Socket) }

// Local is its own end as people know it: see End.
func (h *Holder) Local() string { return End(h.Socket.Local, h.Device) }

// Plain is an end of a socket as people know it: a v4-mapped address is the IPv4 address.
func Plain(end netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(end.Addr().Unmap(), end.Port())
}

// Keepers are the processes whose end sets the socket free: those that have it open or, of a fixed file of an io_uring, those
// that have the ring. Who has a descriptor in flight is not certain, so there it is nobody.
func (h *Holder) Keepers() []owner.Process {
	if len(h.Owners) > 0 || h.Absence != InRing {
		return h.Owners
	}
	var all []owner.Process
	for _, hint := range h.Hints {
		if hint.Kind == owner.HintIOURing {
			all = append(all, hint.Process)
		}
	}
	return all
}

// OfNobody reports whether the socket belongs to no process any more.
func (h *Holder) OfNobody() bool {
	return h.Kind == Remains || h.Kind == Closing || h.Absence == StaleSubflow
}

// StaysBound reports whether the socket keeps the port without its connection.
func (h *Holder) StaysBound() bool {
	return h.Kind == Bound || h.Kind == BoundClient || h.Kind == Listener
}

// ConnectedToItself reports whether both ends of a connection are this one socket: what becomes of a client that asks a service
// which is down again and again, until the kernel picks the service's own port for its near end.
func (h *Holder) ConnectedToItself() bool {
	return h.Socket.Remote.Port() != 0 && h.Socket.Remote == h.Socket.Local
}

// MayBeApart reports whether the holder may be in nobody's way: it is bound to a device of a VRF, and nothing tells whether
// the kernel keeps its port there, apart from the service's.
func (h Holder) MayBeApart() bool {
	return !h.Certain && h.Flags.VRF != 0 && h.Flags.Kept == sockdiag.Unknown
}

// Absence is the reason why no process shows as the owner of a socket.
type Absence uint8

// The reasons. The zero value: there are owners.
const (
	Shown              Absence = iota
	Ownerless                  // closed by its process; the kernel finishes the connection
	NotAccepted                // waits for accept() in the queue of the listener on this port
	OfKernel                   // the kernel's own; every process was looked at
	InRing                     // an io_uring fixed file; Hints name the ring's process
	MayBeInRing                // perhaps a fixed file of an io_uring, on a kernel that does not tell; Hints name the candidates
	OfSMC                      // the TCP socket that the kernel has made for a program's SMC socket; Hints name the program, where that can be told
	InFlight                   // probably sent over a unix socket and not yet received; Hints name the candidates
	StaleSubflow               // an MPTCP subflow that outlives its process
	NotPermitted               // some processes' descriptors are closed to this user
	Vetoed                     // the same to a user who has the capabilities: a security module forbids it
	Hidden                     // /proc is mounted with hidepid: other users' processes do not show
	OtherUserNamespace         // a process that is closed to root of this user namespace
	OtherPIDNamespace          // a process outside this pid namespace, or the kernel
	NoProc                     // /proc could not be read
	Unsearched                 // looking through the processes failed, for lack of memory or descriptors
	Gone                       // found nowhere: it may have changed hands while we looked
)

// absence tells why nobody owns a socket for which the search came back empty.
// closed: all have closed the MPTCP socket that it is a subflow of. smc: some program of the host has SMC sockets that could not be
// asked for.
func absence(s sockdiag.Socket, kind Kind, found owner.Result, hints []owner.Hint, searched error, closed sockdiag.Tristate, smc bool) Absence {
	switch {
	case closed == sockdiag.Yes:
		return StaleSubflow
	case s.Inode == 0 && kind == Accepted:
		return NotAccepted
	case s.Inode == 0:
		return Ownerless
	case errors.Is(searched, owner.ErrNoProc):
		return NoProc
	case searched != nil:
		return Unsearched
	}
	has := func(k owner.HintKind) bool {
		return slices.ContainsFunc(hints, func(h owner.Hint) bool { return h.Kind == k })
	}
	switch {
	case has(owner.HintIOURing):
		return InRing
	case has(owner.HintSMC):
		return OfSMC
	case found.Confined && (found.Hidepid || found.Unreadable > 0):
		return OtherUserNamespace
	case found.Hidepid:
		return Hidden
	case found.Unreadable > 0 && found.Vetoed:
		return Vetoed
	case found.Unreadable > 0:
		return NotPermitted
	case found.ChildPIDNamespace:
		return OtherPIDNamespace
	case has(owner.HintInFlight):
		return InFlight
	case closed == sockdiag.Unknown:
		return StaleSubflow
	case has(owner.HintVeiledRing):
		return MayBeInRing
	case smc:
		return OfSMC
	case s.UID == 0:
		return OfKernel
	}
	return Gone
}
