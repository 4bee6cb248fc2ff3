package names

import (
	"testing"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

func TestHolder(t *testing.T) {
	java := owner.Process{PID: 77, Command: "java", User: "app", Cgroup: "/system.slice/order.service"}
	nameless := owner.Process{PID: 77, Command: "ja\nva", UID: 65000}
	for _, tt := range []struct {
		name string
		in   netdiag.Holder
		want string
	}{
		{"of a unit", netdiag.Holder{Owners: []owner.Process{java}, Cgroup: java.Cgroup}, "java (pid 77, app, order.service)"},
		{"of several processes", netdiag.Holder{Owners: []owner.Process{java, nameless}, Cgroup: java.Cgroup}, "java (pid 77, app, order.service)"},
		{"inherited from another unit's", netdiag.Holder{Owners: []owner.Process{java}, Cgroup: "/system.slice/web.service"}, "java (pid 77, app, order.service)"},
		{
			"kept by systemd for a unit",
			netdiag.Holder{Owners: []owner.Process{{PID: 1, Command: "systemd", User: "root", Exe: "/usr/lib/systemd/systemd", Cgroup: "/init.scope"}}, Cgroup: "/system.slice/order.socket"},
			"systemd (pid 1, root, order.socket)",
		},
		{"whose cgroup cannot be seen", netdiag.Holder{Owners: []owner.Process{nameless}, Cgroup: "/system.slice/web.service"}, `ja\nva (pid 77, 65000, web.service)`},
		{"that cannot be seen", netdiag.Holder{Socket: sockdiag.Socket{UID: 4294967294}, Absence: netdiag.NotPermitted}, "a process of user 4294967294"},
		{"that nobody has", netdiag.Holder{Absence: netdiag.Ownerless}, "no process"},
		{"of the kernel", netdiag.Holder{Absence: netdiag.OfKernel}, "the kernel"},
		{"that waits to be accepted", netdiag.Holder{Absence: netdiag.NotAccepted}, "the listener's queue"},
	} {
		if got := Holder(tt.in); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
