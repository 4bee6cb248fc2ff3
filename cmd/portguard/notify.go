package main

import (
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notify tells systemd what a start waits for, and that it should give it more time than TimeoutStartSec=. It is silent
// without NOTIFY_SOCKET, and never speaks for the service: READY=1 is the service's to send.
type notify struct {
	socket bool
	used   *bool
}

func newNotify() notify {
	return notify{socket: os.Getenv("NOTIFY_SOCKET") != "", used: new(bool)}
}

func (n notify) on() bool { return n.socket }

// extension is how much more time is asked for at a time. It is asked for each second, as long as the wait lasts.
const extension = 15 * time.Second

func (n notify) waiting(what string) {
	if !n.socket || what == "" {
		return
	}
	*n.used = true
	n.send(fmt.Sprintf("STATUS=waiting for %s\nEXTEND_TIMEOUT_USEC=%d", what, extension.Microseconds()))
}

// down says why there is no service at the moment, or any more.
func (n notify) down(why string) {
	if n.socket {
		*n.used = true
		n.send("STATUS=" + safe(why))
	}
}

// done takes the status back: it would stay for as long as the service says nothing itself.
func (n notify) done() {
	if n.socket && *n.used {
		*n.used = false
		n.send("STATUS=")
	}
}

// send leaves the environment as it is, for the service. An absent or deaf systemd is no reason not to go on.
func (n notify) send(state string) { _, _ = daemon.SdNotify(false, state) }
