package hold

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The table of descriptors grows once, before it is full, and nothing stays open for it.
func TestRoomIsWidenedAtOnce(t *testing.T) {
	const ports = 3000
	failed := make(chan string)
	go func() {
		runtime.LockOSThread() // the thread ends with its table
		failed <- widenOwnTable(ports)
	}()
	if text := <-failed; text != "" {
		t.Error(text)
	}
}

func widenOwnTable(ports int) string {
	if err := unix.Unshare(unix.CLONE_FILES); err != nil {
		return err.Error()
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err.Error()
	}
	before := tableSize()
	RoomNow().Widen(fd, ports)
	placeholders, from := RoomNow().forService(ports)
	if after := tableSize(); before >= from+placeholders || after < from+placeholders {
		return fmt.Sprintf("the table had room for %d and has for %d, want %d", before, after, from+placeholders)
	}
	unix.Close(fd)
	next, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if next != fd || err != nil {
		return fmt.Sprintf("the next descriptor is %d, %v, want %d", next, err, fd)
	}
	open, err := os.ReadDir("/proc/thread-self/fd")
	if err != nil {
		return err.Error()
	}
	for _, o := range open {
		if len(o.Name()) > len("999") {
			return o.Name() + " is still open"
		}
	}
	return ""
}

// tableSize is that of this thread's table.
func tableSize() (size int) {
	status, _ := os.ReadFile("/proc/thread-self/status") // 0 is seen
	for line := range strings.Lines(string(status)) {
		if text, found := strings.CutPrefix(line, "FDSize:"); found {
			_, _ = fmt.Sscan(text, &size)
		}
	}
	return size
}
