package supervise

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHandedOn(t *testing.T) {
	for _, tt := range []struct {
		name          string
		environ, want []string
	}{
		{"what is meant for portguard is the service's",
			[]string{"LISTEN_PID=100", "LISTEN_FDS=2", "WATCHDOG_PID=100"}, []string{"LISTEN_PID=200", "LISTEN_FDS=2", "WATCHDOG_PID=200"}},
		{"what is meant for another stays so", []string{"LISTEN_PID=99", "WATCHDOG_PID=1000"}, []string{"LISTEN_PID=99", "WATCHDOG_PID=1000"}},
		{"order, duplicates, what is no assignment",
			[]string{"B=1", "LISTEN_PID=100", "", "plain", "LISTEN_PID=99", "A=", "LISTEN_PID=100", "B=1"},
			[]string{"B=1", "LISTEN_PID=200", "", "plain", "LISTEN_PID=99", "A=", "LISTEN_PID=200", "B=1"}},
		{"other names and other spellings",
			[]string{"XLISTEN_PID=100", "LISTEN_PIDS=100", "LISTEN_PID=0100", "LISTEN_PID= 100", "LISTEN_PID", "MAINPID=100"},
			[]string{"XLISTEN_PID=100", "LISTEN_PIDS=100", "LISTEN_PID=0100", "LISTEN_PID= 100", "LISTEN_PID", "MAINPID=100"}},
		{"nothing", []string{}, []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := append([]string{}, tt.environ...)
			if diff := cmp.Diff(tt.want, handedOn(tt.environ, 100, 200)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(before, tt.environ); diff != "" { // the next run is given it, too
				t.Errorf("the original is changed\n%s", diff)
			}
		})
	}
}
