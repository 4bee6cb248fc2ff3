package systemd

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// LISTEN_FDS and its like come from whoever started us. Taking nothing away leaves the environment as it is; taking
// everything away leaves nothing of what was for us, and everything else in its place.
func FuzzListenFDs(f *testing.F) {
	for _, environ := range []string{
		"LISTEN_PID=7\x00LISTEN_FDS=2\x00LISTEN_FDNAMES=http:portguard-tcp-30010\x00PATH=/bin",
		"LISTEN_PID=7\x00LISTEN_FDS=65537", "LISTEN_PID=7\x00LISTEN_FDS=-1", "LISTEN_PID=07\x00LISTEN_FDS=1",
		"LISTEN_FDS=1\x00LISTEN_FDS=2\x00LISTEN_PID=7\x00LISTEN_FDNAMES=a:b:c:d", "LISTEN_PID=7\x00LISTEN_FDS=+2\x00LISTEN_FDNAMES",
		"FDSTORE=3\x00LISTEN_PIDFDID=12\x00LISTEN_PID=8\x00LISTEN_FDS=1",
		"LISTEN_FDS=1\x00LISTEN_PID\x00LISTEN_PID=7", // an entry that is no variable
	} {
		f.Add(environ)
	}
	f.Fuzz(func(t *testing.T, joined string) {
		environ := strings.Split(joined, "\x00")
		const pid = 7
		all := ListenFDs(environ, pid)
		for i, p := range all {
			if p.FD != listenFDsStart+i {
				t.Fatalf("descriptor %d is %d", i, p.FD)
			}
		}
		ours := func(e string) bool {
			key, _, ok := strings.Cut(e, "=")
			return ok && slices.Contains([]string{"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"}, key)
		}
		rest := slices.DeleteFunc(slices.Clone(environ), func(e string) bool { return ours(e) && all != nil })
		if got := WithoutFDs(environ, pid, nil, 0); !slices.Equal(rest, got) {
			t.Errorf("without any (-want +got)\n%s", cmp.Diff(rest, got))
		}
		if got := WithoutFDs(environ, pid, all, 0); !slices.Equal(environ, got) {
			t.Errorf("keeping all (-want +got)\n%s", cmp.Diff(environ, got))
		}
		if len(all) > 1 {
			if kept := ListenFDs(WithoutFDs(environ, pid, all[:1], 0), pid); !slices.Equal(kept, all[:1]) {
				t.Errorf("keeping %v leaves %v", all[:1], kept)
			}
		}
	})
}
