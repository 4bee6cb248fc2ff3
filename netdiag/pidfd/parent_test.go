package pidfd

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParent(t *testing.T) {
	cmd := sleeper(t)
	for name, tt := range map[string]struct{ pid, want int }{
		"a child":           {cmd.Process.Pid, os.Getpid()},
		"ourselves":         {os.Getpid(), os.Getppid()},
		"the first process": {1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := openPID(t, tt.pid).Parent()
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skipf("needs Linux 6.13: %v", err)
			}
			if got != tt.want || err != nil {
				t.Errorf("%d, %v, want %d", got, err, tt.want)
			}
		})
	}
	t.Run("one that is reaped", func(t *testing.T) {
		p := openPID(t, cmd.Process.Pid)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if got, err := p.Parent(); !errors.Is(err, unix.ESRCH) && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%d, %v, want ESRCH", got, err)
		}
	})
}
