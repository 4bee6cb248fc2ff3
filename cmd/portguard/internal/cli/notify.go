package cli

import (
	"fmt"
	"sync/atomic"
	"time"

	"portguard/cmd/portguard/internal/page"
	"portguard/systemd"
)

// Notify tells systemd what a start waits for, and that it should give it more time than TimeoutStartSec=. It is silent
// without NOTIFY_SOCKET, and never speaks for the service: READY=1 is the service's to send. What cannot be said is not: an
// absent or deaf systemd is no reason not to go on.
type Notify struct {
	manager *systemd.Mailbox // nil: there is none
	used    *atomic.Bool
}

// NewNotify reads NOTIFY_SOCKET.
func NewNotify(environ []string) Notify {
	return Notify{manager: systemd.NotifySocket(environ), used: new(atomic.Bool)}
}

// On reports whether there is somebody to tell.
func (n Notify) On() bool { return n.manager != nil }

// extension is how much more time is asked for at a time. It is asked for each second, as long as the wait lasts.
const extension = 15 * time.Second

// Waiting tells what a start waits for, and asks for more time.
func (n Notify) Waiting(what string) {
	if !n.On() || what == "" {
		return
	}
	n.used.Store(true)
	_ = n.manager.Send(fmt.Sprintf("STATUS=waiting for %s\nEXTEND_TIMEOUT_USEC=%d", what, extension.Microseconds()))
}

// Extend asks for more time, until stop is called, and says nothing else: where the service has begun, the status is its own.
func (n Notify) Extend() (stop func()) {
	if !n.On() {
		return func() {}
	}
	ask := func() { _ = n.manager.Send(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", extension.Microseconds())) }
	done, second := make(chan struct{}), time.NewTicker(time.Second)
	go func() {
		for ask(); ; ask() {
			select {
			case <-done:
				return
			case <-second.C:
			}
		}
	}()
	return func() {
		second.Stop()
		close(done)
	}
}

// Down says why there is no service at the moment, or any more.
func (n Notify) Down(why string) {
	if n.On() {
		n.used.Store(true)
		_ = n.manager.Send("STATUS=" + page.Safe(why))
	}
}

// Done takes the status back: it would stay for as long as the service says nothing itself.
func (n Notify) Done() {
	if n.On() && n.used.Swap(false) {
		_ = n.manager.Send("STATUS=")
	}
}
