package owner

import (
	"fmt"
	"strings"
	"testing"
)

// Links of /proc/PID/fd name whatever a process has open, files with any name among them: only the kernel's own form
// may count as a socket.
func FuzzParseSocketLink(f *testing.F) {
	for _, link := range []string{
		"socket:[248498713]", "socket:[4294967295]", "socket:[4294967296]", "socket:[]", "pipe:[17232]", "anon_inode:[io_uring]",
		"/tmp/socket:[17232]", "/srv/socket:[17232] (deleted)", "net:[4026531840]", "socket:[17232]\n", "socket:[+1]", "socket:[0x1]",
	} {
		f.Add([]byte(link))
	}
	f.Fuzz(func(t *testing.T, link []byte) {
		inode, ok := parseSocketLink(link)
		if !ok {
			return
		}
		if !strings.HasSuffix(string(link), "]") || !strings.HasPrefix(string(link), "socket:[") {
			t.Errorf("%q is taken for a socket", link)
		}
		if again, ok := parseSocketLink(fmt.Appendf(nil, "socket:[%d]", inode)); !ok || again != inode {
			t.Errorf("%q reads %d, which reads %d", link, inode, again)
		}
	})
}
