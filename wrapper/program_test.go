package wrapper

import (
	"fmt"
	"io"
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// A process that runs the test binary is another portguard to a guard of the test's. Those that are to be victims run a copy,
// which is another file.
var copied = sync.OnceValues(copyProgram)

// anotherProgram is the path of the copy, for a child of this process.
func anotherProgram(t *testing.T) string {
	t.Helper()
	path, err := copied()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// copyProgram makes a file without a name, which needs no clearing away. It is open as a number that no child's socket gets.
func copyProgram() (string, error) {
	const high = 500
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer self.Close()
	fd, err := unix.MemfdCreate("victim", unix.MFD_CLOEXEC)
	if err != nil {
		return "", err
	}
	write := os.NewFile(uintptr(fd), "victim")
	defer write.Close() // nothing that is open for writing can be executed
	if _, err := io.Copy(write, self); err != nil {
		return "", err
	}
	read, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(read)
	kept, err := unix.FcntlInt(uintptr(read), unix.F_DUPFD_CLOEXEC, high)
	return fmt.Sprintf("/proc/self/fd/%d", kept), err
}
