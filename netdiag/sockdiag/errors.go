package sockdiag

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

var (
	// ErrUnsupported matches errors that asking again will not change: this kernel, or what this process is allowed,
	// cannot do it. EPERM and EACCES, which more privilege would cure, are among them. It does not match where the
	// answer could not be had now.
	ErrUnsupported = errors.New("sock_diag: not supported or not allowed here")

	// ErrGone matches errors of Lookup and Destroy that say: there is no such socket any more.
	ErrGone = errors.New("sock_diag: no such socket")
)

// errIncomplete is a dump that the kernel or the receive buffer cut short.
var errIncomplete = errors.New("dump interrupted or truncated")

// Op is what was asked of the kernel.
type Op string

// What a Conn and Subscribe ask.
const (
	OpDial      Op = "dial"
	OpDump      Op = "dump"
	OpLookup    Op = "lookup"
	OpDestroy   Op = "destroy"
	OpSubscribe Op = "subscribe"
)

// Error is the error of every function here. It matches ErrUnsupported, ErrGone and, by Unwrap, the kernel's errno.
type Error struct {
	Op            Op
	Protocol      uint8          // 0 where Op is not about one protocol
	Local, Remote netip.AddrPort // of one socket; invalid where Op is not about one
	Err           error          // a unix.Errno if the kernel refused
}

func (e *Error) Error() string {
	s := "sock_diag " + string(e.Op)
	switch e.Protocol {
	case 0:
	case unix.IPPROTO_TCP:
		s += " tcp"
	case unix.IPPROTO_UDP:
		s += " udp"
	default:
		s += fmt.Sprintf(" protocol %d", e.Protocol)
	}
	if e.Local.IsValid() {
		s += fmt.Sprintf(" %s -> %s", e.Local, e.Remote)
	}
	return s + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is see ErrUnsupported and ErrGone.
func (e *Error) Is(target error) bool {
	noEntry := errors.Is(e.Err, unix.ENOENT)
	ofSocket := e.Op == OpLookup || e.Op == OpDestroy
	switch target {
	case ErrGone:
		return noEntry && ofSocket
	case ErrUnsupported:
		// ENOENT: no handler for this family and protocol, as without the module tcp_diag or udp_diag.
		return noEntry && !ofSocket || refusal(e.Err)
	}
	return false
}

// refusal reports the errnos of a missing feature or privilege. ENOSYS, EAFNOSUPPORT, EPERM and EACCES may be the answer
// of a seccomp filter, such as systemd's RestrictAddressFamilies=, or of a security module.
func refusal(err error) bool {
	return slices.ContainsFunc([]unix.Errno{
		unix.EPERM, unix.EACCES, unix.ENOSYS, unix.EAFNOSUPPORT, unix.EPROTONOSUPPORT, unix.EOPNOTSUPP,
	}, func(e unix.Errno) bool { return errors.Is(err, e) })
}

func socketError(op Op, s Socket, err error) error {
	return &Error{Op: op, Protocol: s.Protocol, Local: s.Local, Remote: s.Remote, Err: err}
}
