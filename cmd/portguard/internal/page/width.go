package page

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"portguard/netdiag/permit"
)

const usualWidth = 80

// IsTerminal reports whether stdout or stderr is one. It is false where a seccomp filter kills for the question, ioctl.
func IsTerminal(w io.Writer) bool {
	var st unix.Stat_t
	fd := Descriptor(w)
	if unix.Fstatat(fd, "", &st, unix.AT_EMPTY_PATH) != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR {
		return false // a pipe, a file or a socket, as nearly everywhere that has a filter
	}
	return permit.Syscall(unix.SYS_IOCTL) && term.IsTerminal(fd)
}

// OnTerminal is as wide as the terminal, and without a limit on what is none, or does not know.
func OnTerminal(w io.Writer) Page {
	if !IsTerminal(w) {
		return Page{w, 0}
	}
	width, _, _ := term.GetSize(Descriptor(w)) // 0 when it fails
	return Page{w, width}
}

// Width is how many columns a line may have on stdout or stderr: as many as the terminal has, or COLUMNS says, or 80. It is 0, which
// is no limit, in a file or a pipe, unless COLUMNS says otherwise: who reads logs or greps wants each fact on a line.
func Width(w io.Writer) int {
	if width := OnTerminal(w).Width; width > 0 {
		return width
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if IsTerminal(w) {
		return usualWidth
	}
	return 0
}

// Columns is Width for what cannot do without: 80 where there is no limit.
func Columns(w io.Writer) int {
	if width := Width(w); width > 0 {
		return width
	}
	return usualWidth
}
