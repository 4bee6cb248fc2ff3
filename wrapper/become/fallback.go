package become

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/internal/environ"
)

// pieceTogether is AtStart where nothing was captured. The errors of looking at oneself leave the answer as it would be
// without the question: nothing ignored, nothing blocked.
func pieceTogether() Inherited {
	var in Inherited
	in.Ignored, in.Blocked, in.Remembered = remembered()
	if !in.Remembered {
		in.Ignored, _ = ignoredNow()
		in.Blocked, _ = blockedNow()
	}
	in.Environ = os.Environ()
	if raw, err := os.ReadFile("/proc/self/environ"); err == nil {
		in.Environ = splitEnviron(raw)
	}
	if !in.Remembered && environ.FromSystemd(in.Environ, os.Getpid()) {
		in.Ignored = in.Ignored.With(unix.SIGPIPE)
	}
	return in
}

// splitEnviron splits the text of /proc/PID/environ: entries, each ended by a NUL. Entries may be empty. Bytes after the
// last NUL are an entry too, as when the kernel cut a string at a page it could not read.
func splitEnviron(raw []byte) []string {
	if len(raw) == 0 {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
}
