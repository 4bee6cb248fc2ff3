package notify

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// unguessable is a word that nobody else comes upon. crypto/rand would bring along 32 MiB of memory that is never used, and
// under a low limit on memory (LimitDATA=) the kernel could not even load the program.
func unguessable() string {
	var b [16]byte
	if n, err := unix.Getrandom(b[:], 0); err != nil || n != len(b) { // a filter forbids it
		return fmt.Sprint(os.Getpid())
	}
	return fmt.Sprintf("%x", b)
}
