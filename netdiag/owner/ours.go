package owner

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Ours returns nil when a pid in this proc file system is the same process to a system call of ours. Else it is ErrForeign
// or ErrNoProc: then what is found here must not be acted upon, since its number may be somebody else's.
func (s Scanner) Ours() error {
	sc, err := s.scan()
	if err != nil {
		return err
	}
	defer sc.close()
	return sc.foreign
}

// whose finds out whether this proc is of our own pid namespace: nil, or ErrForeign. What cannot be read is not ours.
func (sc *scan) whose() error {
	pid := os.Getpid()
	self, err := sc.link("self")
	if errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("%w: it does not have this process", ErrForeign)
	}
	if err != nil {
		return fmt.Errorf("%w, as far as can be told: readlink self: %v", ErrForeign, err)
	}
	if self != strconv.Itoa(pid) {
		return fmt.Errorf("%w: it has process %d as %s", ErrForeign, pid, self)
	}
	// Further out, a process may by chance have the number that it has to itself.
	status, _, err := readFile(sc.root, "self/status", nil, 64<<10)
	if err != nil {
		return fmt.Errorf("%w, as far as can be told: %v", ErrForeign, err)
	}
	if pids := parsePIDs(status); len(pids) > 1 {
		return fmt.Errorf("%w: this process is %d further in", ErrForeign, len(pids)-1)
	}
	return nil
}
