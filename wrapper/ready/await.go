package ready

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/served"
	"portguard/netdiag/sockdiag"
)

// Result is what a wait came to.
type Result struct {
	Findings []Finding
	Waited   time.Duration
	TimedOut bool // it was waited for as long as was allowed
	Ended    bool // the service has ended
}

// Ready reports whether the service listens on everything that it should.
func (r Result) Ready() bool { return AllWhole(r.Findings) }

// Await looks until the service is ready, at most until the deadline; the zero time is none. It does not wait for what does not
// come: a service that has ended, as ended tells, or one that stays up by half. The error is the context's, or says that the kernel
// could not be asked.
//
// The kernel tells when a socket goes away and not when one comes, so it is asked at a pace.
func (l *Looker) Await(ctx context.Context, deadline time.Time, ended func() bool) (Result, error) {
	began := time.Now()
	p, before := newPace(began), processorTime()
	var bell *sockdiag.Events
	defer func() {
		if bell != nil {
			bell.Close()
		}
	}()
	r := Result{}
	for {
		// Before the look: who ends in between has not listened since.
		r.Ended = ended()
		var err error
		if r.Findings, err = l.Look(ctx); err != nil {
			return r, err
		}
		now := time.Now()
		r.Waited = now.Sub(began)
		p.looked(now, processorTime()-before, byHalf(r.Findings))
		over := !deadline.IsZero() && !now.Before(deadline)
		switch {
		case r.Ready(), r.Ended, p.inVain():
			return r, nil
		case over:
			r.TimedOut = true
			return r, nil
		}
		if bell == nil {
			bell, _ = sockdiag.Subscribe(netdiag.PortRanges(slices.Values(l.endpoints))) // without one, the pace is all there is
		}
		if sleep(ctx, bell, p.soonest(), earlier(p.latest(), deadline)) {
			p.told(time.Now())
		}
		if ctx.Err() != nil {
			return r, context.Cause(ctx)
		}
	}
}

func byHalf(all []Finding) bool {
	half := false
	for _, f := range all {
		half = half || f.State == served.Half
		if f.State == served.Deaf || f.State == served.Other {
			return false // it is not done yet
		}
	}
	return half
}

// sleep waits until latest or, from soonest on, until a socket has gone.
func sleep(ctx context.Context, bell *sockdiag.Events, soonest, latest time.Time) (rang bool) {
	poll(ctx, nil, earlier(soonest, latest))
	if bell == nil || !soonest.Before(latest) {
		poll(ctx, nil, latest)
		return false
	}
	rang = poll(ctx, []unix.PollFd{{Fd: int32(bell.FD()), Events: unix.POLLIN}}, latest)
	_, _, _ = bell.Drain() // of one that is broken, none come any more
	return rang
}

// poll returns at the time, at an event, or soon after the context's end. A timer of Go's would take more of a processor.
func poll(ctx context.Context, set []unix.PollFd, until time.Time) (rang bool) {
	const atOnce = 250 * time.Millisecond
	for ctx.Err() == nil {
		left := time.Until(until)
		if left <= 0 {
			return false
		}
		ts := unix.NsecToTimespec(min(left, atOnce).Nanoseconds())
		if n, err := unix.Ppoll(set, &ts, nil); err == nil && n > 0 {
			return true
		}
	}
	return false
}

func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// processorTime is what the process has spent so far.
func processorTime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t) // it fails for no process that asks for its own
	return time.Duration(t.Nano())
}
