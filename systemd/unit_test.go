package systemd

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	id1  = "3f4a0e8b5d1c9f27a6b8c0d2e4f60718293a4b5c6d7e8f9012a3b4c5d6e7f809" // of a container
	uid1 = "1d0c9d0e-7b7a-4f4e-9b0e-3c1a6a1d2f3b"                             // of a pod
)

func TestUnitOfCgroup(t *testing.T) {
	system := func(name string) *Unit { return &Unit{Name: name} }
	for _, tt := range []struct {
		name string
		path string
		want *Unit // nil: none
	}{
		{"a service", "/system.slice/order.service", system("order.service")},
		{"a service in a slice of its own", "/system.slice/system-postgresql.slice/postgresql@15-main.service", system("postgresql@15-main.service")},
		{"a login", "/user.slice/user-1000.slice/session-3.scope", system("session-3.scope")},
		{"process 1", "/init.scope", system("init.scope")},
		{"a socket unit's helper", "/system.slice/docker.socket", system("docker.socket")},
		{"a mount helper", "/system.slice/mnt-data.mount", system("mnt-data.mount")},
		{"a swap helper", "/system.slice/dev-sda2.swap", system("dev-sda2.swap")},
		{"escapes stay in the name", `/system.slice/system-systemd\x2dfsck.slice/systemd-fsck@dev-disk-by\x2duuid-1.service`, system(`systemd-fsck@dev-disk-by\x2duuid-1.service`)},
		{"a delegated subtree", "/system.slice/kubelet.service/pods/order.service", system("kubelet.service")},
		{"a container that runs systemd", "/machine.slice/libpod-" + id1 + ".scope/container/system.slice/nginx.service", system("libpod-" + id1 + ".scope")},
		{"a name that is a kernel file's", "/system.slice/_cpu.service", system("cpu.service")},
		{"a name that begins with an underscore", "/system.slice/__my.service", system("_my.service")},
		{"no slice above", "/order.service", system("order.service")},

		{"a user's service", "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service", &Unit{"web.service", true, "user@1000.service"}},
		{"a user's service before app.slice", "/user.slice/user-1000.slice/user@1000.service/dbus.service", &Unit{"dbus.service", true, "user@1000.service"}},
		{"a user's terminal", "/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-1.scope", &Unit{"vte-spawn-1.scope", true, "user@1000.service"}},
		{"the user's manager itself", "/user.slice/user-1000.slice/user@1000.service/init.scope", &Unit{"init.scope", true, "user@1000.service"}},
		{"a user's manager and nothing more", "/user.slice/user-1000.slice/user@1000.service", system("user@1000.service")},
		{"a user's slice without a unit", "/user.slice/user-1000.slice/user@1000.service/app.slice", system("user@1000.service")},
		{"no unit of the user's", "/user.slice/user-1000.slice/user@1000.service/app.slice/x/web.service", system("user@1000.service")},
		{"user@ with a name is an ordinary template", "/system.slice/user@web.service/app.slice/web.service", system("user@web.service")},
		{"a capsule", "/capsule.slice/capsule@demo.service/app.slice/web.service", &Unit{"web.service", true, "capsule@demo.service"}},

		{"a slice alone", "/system.slice", nil},
		{"the root", "/", nil},
		{"unknown", "", nil},
		{"docker without systemd, v1", "/docker/" + id1, nil},
		{"systemd inside a docker container, v1", "/docker/" + id1 + "/system.slice/nginx.service", nil},
		{"systemd inside an LXC container", "/lxc.payload.web/system.slice/nginx.service", nil},
		{"Kubernetes, cgroupfs", "/kubepods/burstable/pod" + uid1 + "/" + id1, nil},
		{"outside our cgroup namespace", "/../order.slice/order.service", nil},
		{"in a cgroup namespace that the manager is outside of", "/?/order.slice/order.service", nil},
		{"an ending and no name", "/system.slice/.service", nil},
		{"a name that systemd refuses", "/system.slice/a b.service", nil},
		{"a name that is too long", "/system.slice/" + strings.Repeat("x", 248) + ".service", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := UnitOfCgroup(tt.path)
			if ok != (tt.want != nil) {
				t.Fatalf("%s: %+v, %v", tt.path, got, ok)
			}
			var want Unit
			if ok {
				want = *tt.want
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("unit (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzUnitOfCgroup(f *testing.F) {
	f.Add("/system.slice/order.service")
	f.Add("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service")
	f.Add("/system.slice/_cpu.service/x")
	f.Fuzz(func(t *testing.T, path string) {
		u, ok := UnitOfCgroup(path)
		if !ok {
			if u != (Unit{}) {
				t.Errorf("%q: no unit, but %+v", path, u)
			}
			return
		}
		if !isUnit(u.Name) || u.User != (u.Owner != "") || u.User && !isUserManager(u.Owner) {
			t.Errorf("%q: %+v", path, u)
		}
		if !strings.Contains(path, u.Owner) || !strings.Contains(path, u.Name) {
			t.Errorf("%q does not have %+v in it", path, u)
		}
	})
}
