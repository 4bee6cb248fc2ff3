// Package notify answers: how does a service whose parent is portguard speak to its service manager?
package notify

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"portguard/internal/environ"
	"portguard/systemd"
)

// Proxy speaks to the service manager for the service. systemd listens to a unit's main process (NotifyAccess=main, what
// Type=notify implies), which is portguard; so the service gets a socket of ours as its NOTIFY_SOCKET, and what the service
// and its descendants say there goes on, descriptors included, as our own word. See [readNotice] for what does not.
//
// While there is no service, and until the next one speaks for itself, it feeds the unit's watchdog in the service's place.
//
// The socket has an abstract address. A directory of our own would have to be closed to others and open to a service that
// gives up its user or its root directory, could not be made on every system, and would be left behind by SIGKILL. Anybody in
// the network namespace can write to an abstract socket, as anybody can to systemd's; the kernel tells who it was.
//
// A nil *Proxy does nothing.
type Proxy struct {
	conn    *net.UnixConn    // where messages come in
	address string           // NOTIFY_SOCKET as it was given
	manager *systemd.Mailbox // the same, for what we say ourselves

	mu       sync.Mutex
	service  int  // the process of this run, which may have ended; 0: there is none
	root     int  // what descends from it is the service's
	ready    bool // it, or an earlier one, has said READY=1
	final    bool // STOPPING=1 has been said
	mark     string
	reached  chan struct{} // closed when the mark comes in
	watchdog watchdog
}

// Listen puts a proxy between the service and the manager that an environment names. It is nil, and nothing is made, where
// NOTIFY_SOCKET is not set, or no local socket: "vsock:" is for a virtual machine's manager, which asks nobody who he is.
func Listen(env []string) (*Proxy, error) {
	socket := environ.Get(env, notifySocket)
	if !strings.HasPrefix(socket, "/") && !strings.HasPrefix(socket, "@") {
		return nil, nil
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: "@portguard-notify-" + unguessable()})
	if err != nil {
		return nil, err
	}
	if err := wantSender(conn); err != nil {
		_ = conn.Close() // never used
		return nil, err
	}
	n := &Proxy{
		conn:     conn,
		root:     os.Getpid(),
		address:  socket,
		manager:  systemd.NotifySocket(env),
		watchdog: watchdogOf(env),
	}
	go n.serve()
	return n, nil
}

const notifySocket = "NOTIFY_SOCKET"

// Environ is the environment for the service: NOTIFY_SOCKET is the proxy's, and all else as it was, order included.
func (n *Proxy) Environ(environ []string) []string {
	if n == nil {
		return environ
	}
	all := make([]string, len(environ))
	for i, entry := range environ {
		if strings.HasPrefix(entry, notifySocket+"=") {
			entry = notifySocket + "=" + n.conn.LocalAddr().String()
		}
		all[i] = entry
	}
	return all
}

// Close passes on what has come in by now, and nothing after it.
func (n *Proxy) Close() {
	if n == nil {
		return
	}
	n.settle()
	_ = n.conn.Close() // whatever fails, it is not ours any more
}

// Begun notes down the process of a new run, and the one that all of the run descends from. limit is how long it may take to
// be ready, if that is limited.
func (n *Proxy) Begun(pid, root int, limit time.Duration) {
	if n == nil {
		return
	}
	n.mu.Lock()
	n.service, n.root = pid, root
	renewed := n.watchdog.renewed()
	n.watchdog.period = n.watchdog.given
	n.watchdog.expect(time.Now().Add(max(limit, startPatience)))
	given := n.watchdog.given
	n.mu.Unlock()
	if renewed {
		n.say(fmt.Sprintf("WATCHDOG_USEC=%d", given.Microseconds()))
	}
}

// Follow notes down that another process is the service.
func (n *Proxy) Follow(pid int) {
	if n == nil {
		return
	}
	n.mu.Lock()
	n.service = pid
	n.mu.Unlock()
}

// Ended is told when nothing of a run is left. What it has said by then goes first.
func (n *Proxy) Ended() {
	if n == nil {
		return
	}
	n.settle()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.service = 0
	n.watchdog.take()
	_ = n.conn.SetReadDeadline(time.Now()) // wakes serve, which feeds; fails only when closed
}

// Stopping says STOPPING=1, once: the service is stopping for the last time, or has.
func (n *Proxy) Stopping() {
	if n == nil {
		return
	}
	n.mu.Lock()
	said := n.final
	n.final = true
	n.mu.Unlock()
	if !said {
		n.say("STOPPING=1")
	}
}

// Ends reports whether a signal is the end of the unit: systemd sends SIGABRT when the watchdog has run out, and does not
// want another run. (WatchdogSignal= may say otherwise, and nobody tells us.)
func (n *Proxy) Ends(sig unix.Signal) bool {
	if n == nil || sig != unix.SIGABRT {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.watchdog.period > 0
}

// Reloads: the unit is asked to reload while there is no service. The next run's READY=1 ends the reload (Type=notify-reload,
// systemd 253).
func (n *Proxy) Reloads() {
	if n == nil {
		return
	}
	n.mu.Lock()
	ready := n.ready
	n.mu.Unlock()
	var now unix.Timespec
	if ready && unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) == nil {
		n.say(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/1000))
	}
}
