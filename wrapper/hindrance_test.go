package wrapper

import (
	"testing"

	"portguard/netdiag/owner"
)

func TestHindrance(t *testing.T) {
	for _, tt := range []struct {
		is   owner.Condition
		want string
	}{
		{owner.Condition{State: 'S'}, ""},
		{owner.Condition{State: 'S', Tracer: 7}, ""}, // a tracer that lets it run is no hindrance
		{owner.Condition{State: 'T'}, "stopped (SIGCONT lets it go on)"},
		{owner.Condition{State: 't', Tracer: 7}, "stopped by process 7, which traces it"},
		{owner.Condition{State: 'D'}, "in uninterruptible sleep, waiting for a disk or a server"},
		{owner.Condition{State: 'D', Killed: true},
			"in uninterruptible sleep, waiting for a disk or a server, and to end by a pending SIGKILL as soon as it can"},
		{owner.Condition{State: 'D', Frozen: "/sys/fs/cgroup/web"},
			"frozen with its cgroup /sys/fs/cgroup/web (docker unpause or systemctl thaw lets it go on)"},
		{owner.Condition{State: 'R', Killed: true}, "to end by a pending SIGKILL as soon as it can"},
	} {
		if got := Hindrance(tt.is); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.is, got, tt.want)
		}
	}
}

// What a process was hindered by is told beside the signal: that this very signal is pending hinders nobody.
func TestHinderedByTheSignalItself(t *testing.T) {
	for is, want := range map[owner.Condition]string{
		{State: 'R', Killed: true}: "",
		{State: 'D', Killed: true}: "in uninterruptible sleep, waiting for a disk or a server",
		{State: 'T'}:               "stopped (SIGCONT lets it go on)",
	} {
		if got := hinderedBy(is); got != want {
			t.Errorf("%+v: %q, want %q", is, got, want)
		}
	}
}
