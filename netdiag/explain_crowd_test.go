package netdiag_test

import (
	"testing"

	"golang.org/x/sys/unix"
)

// On a host with many open files the kernel is asked for owners and for who named his port, where that is permitted: the
// answers are those of a host with few.
func TestExplainAmongManyOpenFiles(t *testing.T) {
	openFiles(t, 11_000)
	t.Run("every kind of holder", TestExplainNamesEveryKindOfHolder)
	t.Run("MPTCP sockets", TestExplainNamesMPTCPSockets)
}

// openFiles opens files until the test ends.
func openFiles(t *testing.T, n int) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < uint64(n+200) {
		t.Skipf("needs %d open files, RLIMIT_NOFILE is %d (%v)", n+200, limit.Cur, err)
	}
	for range n {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
	}
}
