package nstest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAsChangesOneThreadOnly(t *testing.T) {
	Root(t)
	const sysctl = "/proc/sys/net/ipv4/tcp_fin_timeout"
	var (
		owner         uint32
		child         []byte
		err, writeErr error
	)
	As(t, 1000, func() {
		if owner, err = socketOwner(); err != nil {
			return
		}
		writeErr = os.WriteFile(sysctl, []byte("60"), 0)
		child, err = exec.Command("id", "-u").Output()
	})
	if err != nil {
		t.Fatal(err)
	}
	if owner != 1000 {
		t.Errorf("a socket made by uid 1000 belongs to uid %d", owner)
	}
	if !errors.Is(writeErr, fs.ErrPermission) {
		t.Errorf("uid 1000 writes a sysctl: %v, want permission denied", writeErr)
	}
	if got := strings.TrimSpace(string(child)); got != "1000" {
		t.Errorf("a process started by uid 1000 runs as uid %s", got)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(status), "\nUid:\t0\t0\t0\t0\n") {
		t.Errorf("afterwards the process is not root:\n%s", status)
	}
	if err := os.WriteFile(sysctl, []byte("60"), 0); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// socketOwner is the uid that a socket made now belongs to.
func socketOwner() (uint32, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	err = unix.Fstat(fd, &stat)
	return stat.Uid, err
}
