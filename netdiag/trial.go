package netdiag

import (
	"errors"

	"golang.org/x/sys/unix"

	"portguard/netdiag/direct"
)

// Verdict is what the kernel says of an endpoint.
type Verdict uint8

// The verdicts. The zero value is Unknown: nobody has asked, or the kernel could not be asked.
const (
	Unknown   Verdict = iota
	Free              // bind() succeeds
	Taken             // EADDRINUSE
	Forbidden         // EACCES: a privileged port without CAP_NET_BIND_SERVICE, or a security module; EPERM: a rule of the cgroup
	NoAddress         // EADDRNOTAVAIL: the address is not on this host; ENODEV: nor is its interface
)

func (v Verdict) String() string {
	switch v {
	case Free:
		return "free"
	case Taken:
		return "taken"
	case Forbidden:
		return "forbidden"
	case NoAddress:
		return "no-address"
	}
	return "unknown"
}

// Step is what a trial came to.
type Step uint8

// The steps. The zero value is the socket itself and its bind().
const (
	Binding  Step = iota
	Owning        // to make the socket the service's user's
	ToDevice      // SO_BINDTODEVICE
)

// stepError is a failure of a step before bind().
type stepError struct {
	step Step
	err  error
}

func (e *stepError) Error() string { return e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// Trial is the kernel's answer to bind()ing an endpoint exactly as the service will. Try gives one, first of all and again after
// each rung; that the last is Free is what counts as success.
type Trial struct {
	Verdict Verdict
	Errno   unix.Errno // 0 when free
	Failed  Step       // what gave Errno
	// FD is the bound socket of a free TCP endpoint, close-on-exec and never listening: as long as it is open, the kernel
	// hands the port to nobody. Without meaning unless Free; -1 for UDP, where an open socket would receive the service's datagrams.
	FD int
	// Claim is what was tried last: it tells which of an endpoint's families the host has and, where the port is taken, the
	// device that the socket came to be bound to.
	Claim Claim
	calls direct.Calls
}

// Close gives the port back. It may be called more than once. The zero Trial has nothing to close.
func (t *Trial) Close() {
	if t.Verdict == Free && t.FD >= 0 {
		t.calls.Close(t.FD)
		t.FD = -1
	}
}

// Try bind()s the endpoint. It needs no privilege that the service would not need, and must run as the user that the service will
// run as, but that a socket with SO_REUSEPORT can be made the endpoint's Owner's.
//
// A UDP endpoint is tried without any reuse option, which would steal a live holder's datagrams: success is certain,
// EADDRINUSE is only certain for a service that sets none either, and Prober.Explain decides the rest.
func Try(e Endpoint) Trial { return NewBinder().Try(e) }

// Try is the same for one of many endpoints.
func (b Binder) Try(e Endpoint) Trial {
	var first Trial
	for i, c := range e.Claims(b.uid) {
		t := b.try(e, c)
		switch {
		case !t.barred():
			return t
		case i == 0 || first.Verdict == Unknown:
			first = t
		}
	}
	return first
}

// barred: the host has not this family, or does not let anybody here have it. A service on every address takes the other one.
func (t *Trial) barred() bool {
	return t.Verdict == Forbidden ||
		t.Verdict == Unknown && (errors.Is(t.Errno, unix.EAFNOSUPPORT) || errors.Is(t.Errno, unix.EADDRNOTAVAIL))
}

func (b Binder) try(e Endpoint, c Claim) Trial {
	fd, err := b.bind(e, &c)
	t := Trial{FD: fd, Claim: c, calls: b.calls}
	if err != nil {
		t.FD = -1
		errors.As(err, &t.Errno)
		var before *stepError
		if errors.As(err, &before) {
			t.Failed = before.step
		}
	}
	switch {
	case t.Failed == Owning: // it says nothing of the service
	case err == nil:
		t.Verdict = Free
	case errors.Is(err, unix.EADDRINUSE):
		t.Verdict = Taken
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		t.Verdict = Forbidden
	case errors.Is(err, unix.EADDRNOTAVAIL) && !c.Addr.IsUnspecified(), errors.Is(err, unix.ENODEV):
		t.Verdict = NoAddress
	}
	if t.FD >= 0 && e.Protocol == UDP {
		t.Close()
	}
	return t
}

// bind notes in c the device of a socket that could not be bound.
func (b Binder) bind(e Endpoint, c *Claim) (int, error) {
	s, err := b.open(e.Protocol, c.Addr)
	if err != nil {
		return -1, err
	}
	if err = s.to(e.Device); err == nil {
		err = s.set(e.Protocol, *c)
	}
	if err == nil && e.FreeBind {
		err = s.freebind()
	}
	if err == nil {
		err = s.bind(c.Addr.WithZone(e.Addr.Zone()), e.Port)
	}
	if err != nil {
		c.Device = boundDevice(s.fd)
		b.calls.Close(s.fd)
		return -1, err
	}
	return s.fd, nil
}
