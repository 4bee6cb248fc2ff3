package supervise

import (
	"os"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheSocketsAreThisProcesss(t *testing.T) {
	id, known := identity()
	if !known {
		t.Skip("needs pidfd_open (Linux 5.3)")
	}
	own := strconv.Itoa(os.Getpid())
	for _, tt := range []struct {
		name         string
		before, want []string
	}{
		{"no sockets", []string{"B=1", "A=2"}, []string{"B=1", "A=2"}},
		{"systemd before 258", []string{"LISTEN_PID=" + own, "LISTEN_FDS=1"}, []string{"LISTEN_PID=" + own, "LISTEN_FDS=1"}},
		{"258", []string{"B=1", "LISTEN_PIDFDID=7", "LISTEN_PID=" + own, "A=2"},
			[]string{"B=1", "LISTEN_PIDFDID=" + strconv.FormatUint(id, 10), "LISTEN_PID=" + own, "A=2"}},
		{"another's", []string{"LISTEN_PID=1", "LISTEN_PIDFDID=7"}, []string{"LISTEN_PID=1", "LISTEN_PIDFDID=7"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, underOwnIdentity(tt.before)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
