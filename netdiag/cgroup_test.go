package netdiag

import (
	"testing"

	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// A socket whose cgroup is gone belongs to whoever uses it, not to the service manager that keeps it for him.
func TestCgroupOfKeptSocket(t *testing.T) {
	system := owner.Process{PID: 1, Cgroup: "/init.scope"}
	manager := owner.Process{PID: 700, Cgroup: "/user.slice/user-1000.slice/user@1000.service/init.scope"}
	service := owner.Process{PID: 800, Cgroup: "/system.slice/order.service"}
	gone := sockdiag.Socket{CgroupID: 7}
	for _, tt := range []struct {
		name   string
		owners []owner.Process
		want   string
	}{
		{"the system's manager and a service", []owner.Process{system, service}, service.Cgroup},
		{"a user's manager and a service", []owner.Process{manager, service}, service.Cgroup},
		{"a manager alone", []owner.Process{system}, system.Cgroup},
		{"nobody", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tables := newTables()
			tables.cgroups[gone.CgroupID] = "" // asked for, and not found
			if got := tables.cgroupOf(gone, tt.owners); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
