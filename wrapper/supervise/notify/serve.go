package notify

import (
	"errors"
	"net"
	"os"
	"time"

	"portguard/systemd"
)

// deaf is how long we wait for our own proxy, when it is stuck with a manager that does not read.
const deaf = 500 * time.Millisecond

// say sends a message of our own. An absent or deaf manager is no reason not to go on.
func (n *Proxy) say(state string) {
	_ = n.manager.Send(state)
}

// settle waits until all that was in the socket has been passed on: until a message of our own behind it comes in.
func (n *Proxy) settle() {
	n.mu.Lock()
	mark, reached := unguessable(), make(chan struct{})
	n.mark, n.reached = mark, reached
	n.mu.Unlock()
	if systemd.Post(n.conn.LocalAddr().String(), []byte(mark), nil, time.Now().Add(deaf)) != nil {
		return
	}
	select {
	case <-reached:
	case <-time.After(deaf):
	}
}

// serve passes messages on until the proxy is closed.
func (n *Proxy) serve() {
	in := newInbox()
	for {
		m, err := in.read(n.conn)
		switch {
		case err == nil:
			n.take(m)
			m.close()
		case errors.Is(err, os.ErrDeadlineExceeded):
			n.feed()
		case errors.Is(err, net.ErrClosed):
			return
		default:
			time.Sleep(deaf) // the kernel is short of memory
		}
	}
}

// take passes a message on if it is the service's, and sees what it means for the watchdog.
func (n *Proxy) take(m message) {
	if n.marked(m) || !m.whole || !n.knows(m.sender) {
		return
	}
	n.mu.Lock()
	notice := readNotice(m.text, n.final)
	n.mu.Unlock()
	if len(notice.text) == 0 {
		return
	}
	// We wait for the manager as the service would, and it does when our socket is full.
	if systemd.Post(n.address, notice.text, m.rights(), time.Time{}) != nil {
		return // nothing is lost that would not be without us
	}
	n.mu.Lock()
	n.ready = n.ready || notice.ready
	if notice.renewed {
		n.watchdog.period = notice.watchdog
	}
	back := (notice.ready || notice.fed) && n.watchdog.handBack()
	n.mu.Unlock()
	if back && notice.ready {
		n.say(keepAlive) // it has all the time from READY=1 on, as at the first start
	}
}

// marked reports whether the message is the mark of settle.
func (n *Proxy) marked(m message) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.mark == "" || m.sender != os.Getpid() || string(m.text) != n.mark {
		return false
	}
	n.mark = ""
	close(n.reached)
	return true
}

// knows reports whether a process may speak for the service: it is the service, which may have ended since, or descends from
// it. What it descends from is what systemd-notify(1), run by root as the service itself, gives as its parent.
func (n *Proxy) knows(pid int) bool {
	n.mu.Lock()
	service, root := n.service, n.root
	n.mu.Unlock()
	return pid > 0 && root > 0 && (pid == service || pid == root || descends(pid, root))
}

func (n *Proxy) feed() {
	n.mu.Lock()
	var next time.Time // none
	now := time.Now()
	due := n.watchdog.due(now)
	if due {
		next = now.Add(n.watchdog.period / 2)
	}
	_ = n.conn.SetReadDeadline(next) // fails only when closed
	n.mu.Unlock()
	if due {
		n.say(keepAlive)
	}
}
