package wrapper

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// bell rings when the kernel says that a socket on one of the ports, or an address of the host, has come or gone, or a device
// that an endpoint is bound to may have. Where it cannot be hung up (netlink forbidden), it never rings, and the pace of the wait is all there
// is.
type bell struct {
	sockets   *sockdiag.Events
	addresses *nl.NetlinkSocket
	cancelled int // an eventfd that the context's end makes readable
	stop      func() bool
}

func newBell(ctx context.Context, waiting []*Outcome) *bell {
	b := &bell{cancelled: -1, stop: func() bool { return true }}
	b.sockets, _ = sockdiag.Subscribe(netdiag.PortRanges(endpointsOf(waiting)))
	groups := []uint{unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR}
	if slices.ContainsFunc(waiting, func(o *Outcome) bool { return o.Endpoint.Device != "" }) {
		groups = append(groups, unix.RTNLGRP_LINK)
	}
	b.addresses, _ = nl.Subscribe(unix.NETLINK_ROUTE, groups...)
	if fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err == nil {
		b.cancelled = fd
		b.stop = context.AfterFunc(ctx, func() { unix.Write(fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}) })
	}
	return b
}

func (b *bell) close() {
	if b.sockets != nil {
		b.sockets.Close()
	}
	if b.addresses != nil {
		b.addresses.Close()
	}
	// An eventfd that the context's function may still write to is left to the end of the process.
	if b.stop() && b.cancelled >= 0 {
		unix.Close(b.cancelled)
	}
}

// wait sleeps until the given time, or until the bell rings, which it ignores before deafUntil.
func (b *bell) wait(deafUntil, until time.Time) (rang bool) {
	if time.Now().Before(deafUntil) {
		b.poll(b.pollSet()[:1], earliest(deafUntil, until))
	}
	set := b.pollSet()
	b.poll(set, until)
	for _, p := range set[1:] {
		rang = rang || p.Revents != 0
	}
	b.drain()
	return rang
}

// pollSet has the context's end first.
func (b *bell) pollSet() []unix.PollFd {
	set := []unix.PollFd{{Fd: int32(b.cancelled), Events: unix.POLLIN}}
	if b.sockets != nil {
		set = append(set, unix.PollFd{Fd: int32(b.sockets.FD()), Events: unix.POLLIN})
	}
	if b.addresses != nil {
		set = append(set, unix.PollFd{Fd: int32(b.addresses.GetFd()), Events: unix.POLLIN})
	}
	return set
}

// poll returns at the time, at an event, or at a signal: an early return costs one trial more.
func (b *bell) poll(set []unix.PollFd, until time.Time) {
	left := time.Until(until)
	if left <= 0 {
		left = 0
	}
	ts := unix.NsecToTimespec(min(left.Nanoseconds(), math.MaxInt64))
	unix.Ppoll(set, &ts, nil)
}

func (b *bell) drain() {
	if b.sockets != nil {
		if _, _, err := b.sockets.Drain(); err != nil {
			b.sockets.Close()
			b.sockets = nil
		}
	}
	if b.addresses != nil {
		buf := make([]byte, 8<<10)
		for {
			if _, _, err := unix.Recvfrom(b.addresses.GetFd(), buf, unix.MSG_DONTWAIT); err != nil && err != unix.EINTR {
				break
			}
		}
	}
}
