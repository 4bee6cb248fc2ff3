package catch

import (
	"os/exec"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What waitid(2) says and OfChild makes of it is what wait(2) says.
func TestOfChild(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		how          int
		is           func(unix.WaitStatus) bool
	}{
		{"a status", "exit 3", unix.WEXITED, func(s unix.WaitStatus) bool { return s.Exited() && s.ExitStatus() == 3 }},
		{"the largest", "exit 255", unix.WEXITED, func(s unix.WaitStatus) bool { return s.Exited() && s.ExitStatus() == 255 }},
		{"a signal", "kill -9 $$", unix.WEXITED, func(s unix.WaitStatus) bool { return s.Signaled() && s.Signal() == unix.SIGKILL }},
		{"stopped", "kill -TSTP $$", unix.WSTOPPED, func(s unix.WaitStatus) bool { return s.Stopped() && s.StopSignal() == unix.SIGTSTP }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command("sh", "-c", tt.script)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // whose parent is in another: else there is no stopping it
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}()
			var info Info
			for {
				err := unix.Waitid(unix.P_PID, cmd.Process.Pid, (*unix.Siginfo)(unsafe.Pointer(&info)), tt.how|unix.WNOWAIT, nil)
				if err == nil {
					break
				}
				if err != unix.EINTR {
					t.Fatal(err)
				}
			}
			if pid, status := info.OfChild(); pid != cmd.Process.Pid || !tt.is(status) {
				t.Errorf("process %d of %d, status %#x", pid, cmd.Process.Pid, uint32(status))
			}
			if tt.how == unix.WSTOPPED {
				return
			}
			var status unix.WaitStatus
			_, told := info.OfChild()
			if _, err := unix.Wait4(cmd.Process.Pid, &status, unix.WNOHANG, nil); err != nil || status&^0x80 != told&^0x80 {
				t.Errorf("wait4: status %#x, %v; OfChild: %#x", uint32(status), err, uint32(told))
			}
		})
	}
}
