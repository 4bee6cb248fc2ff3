package notify

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// A message of sd_notify(3) is at most a page for systemd; one that is somewhat longer is its own to refuse. The kernel passes
// at most 253 descriptors with one message (SCM_MAX_FD in include/net/scm.h).
const (
	maxMessage = 64 << 10
	maxFDs     = 253
)

// message is one datagram. It has to be closed.
type message struct {
	text   []byte // valid until the next one is read
	sender int    // as the kernel vouches for it; 0: a process outside of our pid namespace
	fds    []int  // close-on-exec
	whole  bool   // nothing of it was cut off
}

// inbox is what messages are read into.
type inbox struct{ text, control []byte }

func newInbox() *inbox {
	return &inbox{
		text:    make([]byte, maxMessage),
		control: make([]byte, unix.CmsgSpace(unix.SizeofUcred)+unix.CmsgSpace(4*maxFDs)),
	}
}

// wantSender has the kernel add the sender to each message.
func wantSender(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) })
	return errors.Join(err, os.NewSyscallError("setsockopt SO_PASSCRED", failed))
}

// read waits for the next message. What it brings along is open until the message is closed, so that there are never more than
// one message's descriptors; those for which our table has no room, the kernel drops and says that it did.
func (in *inbox) read(conn *net.UnixConn) (message, error) {
	n, controls, flags, _, err := conn.ReadMsgUnix(in.text, in.control)
	if err != nil {
		return message{}, err
	}
	m := message{text: in.text[:n], whole: flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) == 0}
	all, err := unix.ParseSocketControlMessage(in.control[:controls])
	if err != nil {
		m.whole = false // the kernel's own, so it does not happen
	}
	for i := range all {
		if fds, err := unix.ParseUnixRights(&all[i]); err == nil {
			m.fds = append(m.fds, fds...)
		} else if who, err := unix.ParseUnixCredentials(&all[i]); err == nil {
			m.sender = int(who.Pid)
		}
	}
	return m, nil
}

// rights is the control message that sends the descriptors on; nil without any.
func (m *message) rights() []byte {
	if len(m.fds) == 0 {
		return nil
	}
	return unix.UnixRights(m.fds...)
}

func (m *message) close() {
	for _, fd := range m.fds {
		_ = unix.Close(fd)
	}
}
