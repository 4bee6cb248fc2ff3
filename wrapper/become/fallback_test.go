package become

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitEnviron(t *testing.T) {
	for _, tt := range []struct {
		name string
		raw  string
		want []string
	}{
		{"empty", "", []string{}},
		{"order and duplicates", "B=1\x00A=1\x00B=2\x00", []string{"B=1", "A=1", "B=2"}},
		{"no '='", "plain\x00", []string{"plain"}},
		{"one empty entry", "\x00", []string{""}},
		{"empty entries between and last", "A=1\x00\x00B=2\x00\x00", []string{"A=1", "", "B=2", ""}},
		{"newlines belong to the value", "A=1\n2\x00", []string{"A=1\n2"}},
		{"cut off", "A=1\x00B", []string{"A=1", "B"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, splitEnviron([]byte(tt.raw))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func FuzzSplitEnviron(f *testing.F) {
	f.Add([]byte("LANG=C.UTF-8\x00PATH=/usr/local/sbin:/usr/sbin:/sbin\x00INVOCATION_ID=0f6d\x00SYSTEMD_EXEC_PID=812\x00"))
	f.Add([]byte("\x00\x00=\x00A"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries := splitEnviron(raw)
		joined := strings.Join(entries, "\x00")
		if len(entries) > 0 && strings.HasSuffix(string(raw), "\x00") {
			joined += "\x00"
		}
		if joined != string(raw) {
			t.Errorf("%q splits into %q", raw, entries)
		}
	})
}
