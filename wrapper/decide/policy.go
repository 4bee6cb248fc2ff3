package decide

import (
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
)

// Forever is the Wait of a policy without a time limit.
const Forever time.Duration = 1<<63 - 1

// Policy is what the caller allows. The zero value reports and touches nothing.
type Policy struct {
	// Share allows setting SO_REUSEADDR on a holder's socket, so that the service binds beside it.
	Share bool
	// Wait is how long to wait for an endpoint: 0 not at all, Forever without limit.
	Wait time.Duration
	// Close allows cutting the connections that hold the port, Kill ending the processes that own a holder.
	Close, Kill bool
	// RestartUnit allows asking systemd to restart the service that a holder belongs to.
	RestartUnit bool
	// KillListeners lets Close, RestartUnit and Kill touch a listening service, too.
	KillListeners bool
	Signal        unix.Signal   // the first signal of Kill; 0 is SIGTERM
	Grace         time.Duration // how long after it SIGKILL follows
	// Only narrows whom Close, RestartUnit and Kill may touch; the zero value narrows nothing.
	Only Only
	// DryRun stops before each act and says what it would be.
	DryRun bool
}

// Rung is one way of getting a port.
type Rung uint8

// The rungs, in the order of the harm they do. The zero value is the ground: the trial alone.
const (
	Ground Rung = iota
	Share
	Wait
	Close
	RestartUnit
	Kill
)

func (r Rung) String() string {
	return [...]string{"trial", "share", "wait", "close", "restart-unit", "kill"}[r]
}

// allows reports whether the caller named the rung.
func (p Policy) Allows(r Rung) bool {
	switch r {
	case Share:
		return p.Share
	case Wait:
		return p.Wait > 0
	case Close:
		return p.Close
	case RestartUnit:
		return p.RestartUnit
	case Kill:
		return p.Kill
	}
	return false
}

// Acts reports whether anything is done at all: some rung is allowed, and in earnest.
func (p Policy) Acts() bool {
	_, some := p.Next(Ground, []netdiag.Verdict{netdiag.Taken})
	return some && !p.DryRun
}

// signal is the first signal of the kill rung.
func (p Policy) FirstSignal() unix.Signal {
	if p.Signal == 0 {
		return unix.SIGTERM
	}
	return p.Signal
}
