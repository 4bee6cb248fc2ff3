package wrapper

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
	"portguard/wrapper/decide"
)

// A fixed file of an io_uring is in no descriptor table. Who has the ring can be ended, and the connection can be cut.
func TestAConnectionInAnIOURing(t *testing.T) {
	rig := holders.New(t)
	for i, tt := range []struct {
		name string
		hold holders.Spec
		may  decide.Policy
		want result
		ends bool
	}{
		{"kill", pooled, decide.Policy{Kill: true, Grace: 10 * time.Second}, result{"free", "kill", false,
			[]string{"kill done: sent SIGTERM to pid N (victim), which has ended"}}, true},
		{"close", pooled, decide.Policy{Close: true}, result{"free", "close", false,
			[]string{"close done: cut the connection of victim (pid N) 127.0.0.1:21151 -> PEER"}}, false},
		{"share", pooled, decide.Policy{Share: true}, result{"taken", "trial", false,
			[]string{"share not-possible: it is a fixed file of an io_uring, of which nobody can have a duplicate"}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := uint16(21150 + i)
			victim := victims(t, rig.Hold(t, port, tt.hold), nil, rings)[0]
			if !tellsFilesOfRings(t, victim.cmd.Process.Pid) {
				t.Skip("this kernel's fdinfo does not tell the inodes of an io_uring's files")
			}
			if diff := cmp.Diff([]result{tt.want}, run(t, tt.may, tcp(port))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if tt.ends {
				victim.endedBy(t)
				checkBindable(t, port)
			} else if diff := cmp.Diff([]string(nil), victim.signals(t)); diff != "" {
				t.Errorf("signals (-want +got)\n%s", diff)
			}
		})
	}
}

// keepInRing leaves a descriptor to an io_uring alone.
func keepInRing(fd int) error {
	var params [120]byte // struct io_uring_params
	ring, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		return os.NewSyscallError("io_uring_setup", errno)
	}
	const registerFiles = 2 // IORING_REGISTER_FILES
	files := [1]int32{int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, ring, registerFiles, uintptr(unsafe.Pointer(&files)), 1, 0, 0); errno != 0 {
		return os.NewSyscallError("io_uring_register", errno)
	}
	return unix.Close(fd)
}

func tellsFilesOfRings(t *testing.T, pid int) bool {
	t.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fdinfo", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%s", pid, fd.Name()))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "socket:[") {
			return true
		}
	}
	return false
}
