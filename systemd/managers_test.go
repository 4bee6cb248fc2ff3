package systemd

import "testing"

func TestIsManager(t *testing.T) {
	for _, tt := range []struct {
		name, cgroup, exe string
		want              bool
	}{
		{"the system's", "/init.scope", "/usr/lib/systemd/systemd", true},
		{"a user's", "/user.slice/user-1000.slice/user@1000.service/init.scope", "/usr/lib/systemd/systemd", true},
		{"a user's, whose program this user may not see", "/user.slice/user-1000.slice/user@1000.service/init.scope", "", true},
		{"a container's, of docker", "/docker/0123/init.scope", "/usr/lib/systemd/systemd", true},
		{"a container's, of podman", "/machine.slice/libpod-0123.scope/container/init.scope", "/lib/systemd/systemd", true},
		{"one without a cgroup of its own", "/docker/0123", "/nix/store/abc-systemd-257/lib/systemd/systemd", true},
		{"a service", "/system.slice/order.service", "/usr/bin/java", false},
		{"a user's service", "/user.slice/user-1000.slice/user@1000.service/app.slice/order.service", "/usr/bin/java", false},
		{"a part of systemd's that is a service", "/system.slice/systemd-resolved.service", "/usr/lib/systemd/systemd-resolved", false},
		{"a unit of nearly this name", "/system.slice/minit.scope", "/usr/bin/java", false},
		{"nothing is known", "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := IsManager(tt.cgroup, tt.exe); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestCommand(t *testing.T) {
	const ofUser = "/user.slice/user-1000.slice/user@1000.service"
	for _, tt := range []struct{ name, cgroup, user, want string }{
		{"a service", "/system.slice/order.service", "root", "systemctl stop order.service"},
		{"a socket unit", "/system.slice/knxd.socket", "root", "systemctl stop knxd.socket"},
		{"a user's service", ofUser + "/app.slice/order.service", "ann", "systemctl --user -M ann@ stop order.service"},
		{"a user's service, where the user has no name", ofUser + "/app.slice/order.service", "", ""},
		{"of a capsule", "/capsule.slice/capsule@x.service/app.slice/order.service", "ann", ""},
		{"a user's manager", ofUser, "ann", ""},
		{"a manager itself", "/init.scope", "root", ""},
		{"a user's manager itself", ofUser + "/init.scope", "ann", ""},
		{"a session", "/user.slice/user-1000.slice/session-3.scope", "ann", ""},
		{"no unit", "/docker/0123", "root", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Command("stop", tt.cgroup, tt.user); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
