package systemd

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"portguard/internal/environ"
)

// ErrDeaf says that a socket's queue is full, and whoever should read it did not make room in time.
var ErrDeaf = errors.New("nobody reads it")

// Mailbox is a datagram socket that a part of systemd reads: the manager's NOTIFY_SOCKET, the journal's. Its reader may be
// stopped, stuck or gone. So a message waits for room no longer than patience, and none does after one that found no room, until
// there is room again: whoever does not listen holds up a start once. A nil Mailbox takes nothing.
type Mailbox struct {
	address string
	deaf    atomic.Bool // the last message found no room
}

// patience is how long a queue that is full may keep us.
const patience = 500 * time.Millisecond

// NotifySocket is the manager's, for sd_notify(3); nil where there is none.
func NotifySocket(env []string) *Mailbox {
	address := environ.Get(env, "NOTIFY_SOCKET")
	if address == "" {
		return nil
	}
	return &Mailbox{address: address}
}

// Send writes one message, and descriptors with it. It can be called by several at once.
func (m *Mailbox) Send(message string, fds ...int) error {
	if m == nil {
		return nil
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	until := time.Now()
	if !m.deaf.Load() {
		until = until.Add(patience)
	}
	err := Post(m.address, []byte(message), rights, until)
	m.deaf.Store(errors.Is(err, ErrDeaf))
	return err
}

// Post writes one datagram, with control messages, to a unix socket: a path, or "@" and an abstract name. It waits until then for room; the zero
// time: for ever. Each goes by a socket of its own that is connected, which is the one kind that the kernel wakes when the
// receiver's queue is not full any more (unix_dgram_peer_wake_me in net/unix/af_unix.c).
func Post(address string, message, control []byte, until time.Time) error {
	if address == "" || address[0] != '/' && address[0] != '@' {
		return fmt.Errorf("%q is no unix socket", address)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: address}); err != nil {
		return fmt.Errorf("connect to %s: %w", address, err)
	}
	for {
		err := unix.Sendmsg(fd, message, control, nil, unix.MSG_NOSIGNAL)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case !errors.Is(err, unix.EAGAIN):
			return os.NewSyscallError("sendmsg", err)
		}
		if err := awaitRoom(fd, until); err != nil {
			return fmt.Errorf("send to %s: %w", address, err)
		}
	}
}

func awaitRoom(fd int, until time.Time) error {
	wait := -1 // for ever
	if !until.IsZero() {
		left := time.Until(until)
		if left <= 0 {
			return ErrDeaf
		}
		wait = int(left.Milliseconds()) + 1
	}
	_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, wait)
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	return os.NewSyscallError("poll", err)
}
