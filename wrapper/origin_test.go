package wrapper

import (
	"os"
	"testing"

	"portguard/netdiag/owner"
)

// Where a process comes from is asked of one that no service explains.
func TestOfService(t *testing.T) {
	for _, tt := range []struct {
		name, cgroup string
		pid          int
		want         bool
	}{
		{"a service", "/system.slice/order.service", 7, true},
		{"a user's service", "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service", 7, true},
		{"a login", "/user.slice/user-1000.slice/session-3.scope", 7, false},
		{"no unit", "/", 7, false},
		{"pid 1", "/init.scope", 1, true},
	} {
		if got := ofService(owner.Process{PID: tt.pid, Cgroup: tt.cgroup}); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestOriginOfThisTest(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	from := originOf(owner.Process{PID: os.Getpid()})
	if from.Dir != dir || len(from.Parents) == 0 || from.Parents[0].PID != os.Getppid() || from.Parents[0].Command == "" {
		t.Errorf("%+v, want %s and parent %d", from, dir, os.Getppid())
	}
	if got := originOf(owner.Process{PID: 1 << 30}); got.Dir != "" || got.Parents != nil {
		t.Errorf("a process that has ended: %+v", got)
	}
}
