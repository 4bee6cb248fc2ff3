package netdiag_test

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Whether a socket can be shared shows before anything is done to it.
func TestExplainTellsWhetherASocketIsClosedToUs(t *testing.T) {
	l := newLab(t)
	l.hold(t, client("10.99.0.1"))
	closed := func() bool {
		f, err := tryAndExplain(service("*", l.port))
		if err != nil || len(f.Holders) != 1 || len(f.Holders[0].Owners) != 1 {
			t.Errorf("%q, %v, want one holder of one owner", lines(f), err)
			return false
		}
		return f.Holders[0].Flags.Closed
	}
	if closed() {
		t.Error("closed, though it could be asked")
	}
	withoutSyscall(t, unix.SYS_PIDFD_GETFD, func() {
		if !closed() {
			t.Error("not closed, though it could not be asked")
		}
	})
}
