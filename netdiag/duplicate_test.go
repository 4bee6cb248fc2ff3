package netdiag_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

func TestDuplicateIsTheOwnersSocket(t *testing.T) {
	l := newLab(t)
	c := l.hold(t, client("10.99.0.1"))[0]
	process, socket := onlyHolder(t, l.port)
	fd, err := netdiag.Duplicate(process, socket)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor flags %#x, %v: not close-on-exec", flags, err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		t.Fatal(err)
	}
	if on, err := unix.GetsockoptInt(c.FD, unix.SOL_SOCKET, unix.SO_REUSEADDR); err != nil || on != 1 {
		t.Errorf("SO_REUSEADDR set on the duplicate reads %d, %v on the owner's", on, err)
	}
	if got := explain(t, service("*", l.port)); got[0] != "free" {
		t.Errorf("the port afterwards: %q", got)
	}
}

// Between the look and the act a descriptor may come to be anything.
func TestDuplicateRefusesAnotherSocket(t *testing.T) {
	l := newLab(t)
	replace := func(with func() (int, error)) func(*testing.T, int) {
		return func(t *testing.T, fd int) {
			other, err := with()
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(unix.Dup3(other, fd, unix.O_CLOEXEC), unix.Close(other)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, fd int)
	}{
		{"replaced by a socket", replace(options("10.99.0.1").Socket)},
		{"replaced by a file", replace(func() (int, error) { return unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0) })},
		{"closed", func(t *testing.T, fd int) {
			if err := unix.Close(fd); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := l.hold(t, spec(holders.Listen, holders.Named, "10.99.0.1"))[0]
			process, socket := onlyHolder(t, l.port)
			tt.change(t, h.FD)
			fd, err := netdiag.Duplicate(process, socket)
			if tt.name != "closed" {
				unix.Close(h.FD)
			}
			h.FD = -1 // no longer the rig's
			if !errors.Is(err, netdiag.ErrChanged) || fd != -1 {
				t.Errorf("fd %d, %v, want %v", fd, err, netdiag.ErrChanged)
			}
		})
	}
}

func TestDuplicateNeedsRightsOnTheOwner(t *testing.T) {
	l := newLab(t)
	c := l.hold(t, client("10.99.0.1"))[0]
	_, socket := onlyHolder(t, l.port)
	roots := owner.Process{PID: shareWithChild(t, c.FD), FD: childFD}
	var fd int
	var err error
	nstest.As(t, nobody, func() { fd, err = netdiag.Duplicate(roots, socket) })
	if !errors.Is(err, unix.EPERM) || fd != -1 {
		t.Errorf("fd %d, %v, want %v", fd, err, unix.EPERM)
	}
}

// The subflow that sock_diag lists and the socket that the process has are two, with one inode.
func TestDuplicateOfAnMPTCPSocket(t *testing.T) {
	l := newLab(t)
	l.port++
	listenMPTCP(t, service("10.99.0.1", l.port).Bind())
	process, socket := onlyHolder(t, l.port)
	fd, err := netdiag.Duplicate(process, socket)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
}

// onlyHolder is the one socket on the port of every address, and the process that has it.
func onlyHolder(t *testing.T, port uint16) (owner.Process, sockdiag.Socket) {
	t.Helper()
	f, err := tryAndExplain(service("*", port))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Holders) != 1 || len(f.Holders[0].Owners) != 1 {
		t.Fatalf("%q, want one holder of one owner", lines(f))
	}
	return f.Holders[0].Owners[0], f.Holders[0].Socket
}

// A process that ends between the look and the act is a change like a socket that it closes, whether or not its parent has
// reaped it.
func TestDuplicateOfAProcessThatHasEnded(t *testing.T) {
	l := newLab(t)
	c := l.hold(t, client("10.99.0.1"))[0]
	_, socket := onlyHolder(t, l.port)
	dup, err := unix.FcntlInt(uintptr(c.FD), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(dup), "socket")
	defer file.Close()
	child := exec.Command("cat")
	child.ExtraFiles = []*os.File{file}
	if err := child.Start(); err != nil { // without an input it ends at once
		t.Fatal(err)
	}
	o := owner.Process{PID: child.Process.Pid, FD: childFD}
	check := func(is string) {
		t.Helper()
		if fd, err := netdiag.Duplicate(o, socket); !errors.Is(err, netdiag.ErrChanged) || fd != -1 {
			t.Errorf("of a process that is %s: fd %d, %v, want %v", is, fd, err, netdiag.ErrChanged)
		}
	}
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, o.PID, &info, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	check("a zombie")
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	check("gone")
}
