package page

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Stdio is stdout or stderr. It remembers what could not be written, since few of the many lines that are written look at
// that; a reader who has gone away has had enough, which is no failure.
type Stdio struct {
	Fd   int // 1 or 2: file's own Fd would clear O_NONBLOCK on what the service shares with us
	File *os.File
	// Patience is how long a reader who does not read may keep us; 0: for ever, as most programs have it. What he has no
	// room for by then is lost: a service must not be down because nobody reads what its start has to say.
	Patience time.Duration

	mu     sync.Mutex
	gone   bool // the last write was given up
	failed error
}

// Unread is how long a full pipe may keep a start waiting: on stderr, or on the stdout of what systemd runs.
const Unread = time.Second

// Write never fails where patience is limited: then there is nobody who could be told.
func (s *Stdio) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A pipe that is ready has room for a page; a longer write would wait in the kernel.
	const atOnce = 4096
	for rest := b; len(rest) > 0; {
		part := rest
		if s.Patience > 0 {
			part = rest[:min(len(rest), atOnce)]
			if s.gone = !s.ready(); s.gone {
				s.failed = fmt.Errorf("write %s: nobody reads it", s.File.Name())
				break
			}
		}
		n, err := s.File.Write(part)
		switch {
		case errors.Is(err, unix.EPIPE):
			return len(b), nil
		case err != nil:
			s.failed = err
			if s.Expendable() {
				return len(b), nil
			}
			return len(b) - len(rest) + n, err
		}
		rest = rest[n:]
	}
	return len(b), nil
}

// Expendable reports whether it is no failure when something is lost: who limits its patience takes no harm from that.
func (s *Stdio) Expendable() bool { return s.Patience > 0 }

// Lost is why something could not be written; nil when all was.
func (s *Stdio) Lost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// ready waits for room. After a write that was given up, it only looks.
func (s *Stdio) ready() bool {
	deadline := time.Now().Add(s.Patience)
	if s.gone {
		deadline = time.Now()
	}
	for {
		set := []unix.PollFd{{Fd: int32(s.Fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(set, int(max(0, time.Until(deadline)).Milliseconds()))
		if err == nil || !errors.Is(err, unix.EINTR) {
			return n > 0 || err != nil
		}
	}
}

// Descriptor is 1 or 2 for stdout and stderr, and -1 for other writers.
func Descriptor(w io.Writer) int {
	if s, ok := w.(*Stdio); ok {
		return s.Fd
	}
	return -1
}
