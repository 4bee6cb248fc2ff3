package why

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
	"portguard/wrapper/decide"
)

// Who listens may be the service itself, may not know that it does, or may be what the service has left behind.
func TestListens(t *testing.T) {
	const cgroup = "/system.slice/order.service"
	of := func(cgroup string) owner.Process { return owner.Process{PID: 400, Command: "sleep", Cgroup: cgroup} }
	order := systemd.Unit{Name: "order.service"}
	for _, tt := range []struct {
		name   string
		passed netdiag.Passed
		by     []owner.Process
		facts  Facts
		want   string
	}{
		{"asked about", netdiag.NotPassed, []owner.Process{of(cgroup)}, Facts{},
			"a program listens on this port: if it is the service itself, all is well; else another service has it"},
		{"a command is to start", netdiag.NotPassed, []owner.Process{of(cgroup)}, Facts{Starts: true},
			"a program listens on this port: another service has it, or the service runs already"},
		{"of the unit that starts", netdiag.NotPassed, []owner.Process{of(cgroup)}, Facts{Starts: true, Judge: decide.Judge{Starts: order}},
			"a program listens on this port: left over from an earlier run of order.service, this very unit, which systemd has not ended (KillMode=, SendSIGKILL=)"},
		{"of another unit than the one that starts", netdiag.NotPassed, []owner.Process{of("/system.slice/web.service")}, Facts{Starts: true, Judge: decide.Judge{Starts: order}},
			"a program listens on this port: another service has it, or the service runs already"},
		{"portguard's own ancestor in that unit", netdiag.NotPassed, []owner.Process{of(cgroup)},
			Facts{Starts: true, Judge: decide.Judge{Starts: order, Protected: map[int]string{400: "a process that portguard runs in"}}},
			"a program listens on this port: another service has it, or the service runs already"},
		{"it may have the socket from its parent", netdiag.MayBePassed, []owner.Process{of(cgroup)}, Facts{},
			"a program listens on this port, or has inherited the listening socket from the one that started it: if it is the service itself, all is well; else another service has it, or has left it behind"},
		{"the socket was made in another unit", netdiag.MayBePassed, []owner.Process{of("/system.slice/web.service")}, Facts{},
			"a program has inherited this listening socket, which was opened in order.service, and serves it or only keeps it"},
		{"it may have the socket from its parent, and does not wait for anybody", netdiag.MayBePassed, []owner.Process{of(cgroup)}, Facts{Judge: decide.Judge{}, Starts: true},
			"a program has this listening socket, and nothing of it waits for what comes: it has probably inherited it from the one that started it"},
		{"several that did not start each other", netdiag.LeftToThem, []owner.Process{of(cgroup), of(cgroup)}, Facts{},
			"2 processes have inherited this listening socket: none of them has started the others, and the program that opened it is not among them any more"},
		{"the same, of another unit", netdiag.LeftToThem, []owner.Process{of("/system.slice/a.service"), of("/system.slice/b.service")}, Facts{},
			"2 processes have inherited this listening socket: none of them has started the others, and the program that opened it in order.service is not among them any more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := netdiag.Holder{Kind: netdiag.Listener, Socket: reporttest.Unconnected(unix.IPPROTO_TCP, sockdiag.Listen), Passed: tt.passed, Owners: tt.by, Cgroup: cgroup}
			if strings.HasSuffix(tt.name, "does not wait for anybody") {
				h.Served = sockdiag.No
			}
			if diff := cmp.Diff(tt.want, Sentence(h, tt.facts)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
