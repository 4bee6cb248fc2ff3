package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
)

// What goes wrong while a service is put under guard, on a real systemd.
func TestFaultsOfUnits(t *testing.T) {
	t.Parallel() // a system of its own
	r := bootUnitRig(t, "")
	r.Unit(t, "order.service", "[Service]\nType=exec\nExecStart=/usr/local/bin/orderd 30010\n")
	r.Shell(t, "systemctl daemon-reload")
	t.Run("full disk", r.testFullDisk)
	t.Run("killed at any moment", r.testKilledInstall)
}

const orderDropins = "/etc/systemd/system/order.service.d"

// A full disk leaves no half of a drop-in behind, and what was there stays.
func (r unitRig) testFullDisk(t *testing.T) {
	r.Shell(t,
		"mkdir -p "+orderDropins,
		"mount -t tmpfs -o size=4k,nr_inodes=8 full "+orderDropins,
		"printf '[Service]\\nNice=1\\n%4000s\\n' '#' >"+orderDropins+"/10-theirs.conf")
	t.Cleanup(func() { r.Shell(t, "umount "+orderDropins+"; rmdir "+orderDropins+"; systemctl daemon-reload") })
	out, status := r.portguard(t, "unit", "install", "order", "-p", "30010", "--share")
	aftermath{status, out, ""}.honest(t, cli.ExitOSErr)
	if !strings.Contains(out, "no space left on device") {
		t.Errorf("it does not say why\n%s", out)
	}
	if left := r.Shell(t, "ls -A "+orderDropins); strings.TrimSpace(left) != "10-theirs.conf" {
		t.Errorf("left: %s", left)
	}
}

// SIGKILL at any moment: the drop-in is there as a whole or not at all, the service runs on, the next installation
// completes it, and to remove it leaves nothing.
func (r unitRig) testKilledInstall(t *testing.T) {
	clean := r.settings(t)
	r.Shell(t, "systemctl start order")
	main := r.Shell(t, "systemctl show --value -p MainPID order")
	r.succeeds(t, "unit", "install", "order", "-p", "30010", "--share")
	want := r.Shell(t, "cat "+orderDropins+"/zz-portguard.conf")
	r.succeeds(t, "unit", "remove", "order")
	random := kills(t)
	length := 400 * time.Millisecond
	for range faults(3, 200) {
		after := time.Duration(random.Int64N(int64(length)))
		r.Shell(t, fmt.Sprintf("timeout -s KILL %f portguard unit install order -p 30010 --share >/dev/null 2>&1 || true", after.Seconds()))
		if got := r.Shell(t, "cat "+orderDropins+"/zz-portguard.conf 2>/dev/null || true"); got != "" && got != want {
			t.Fatalf("half a drop-in:\n%s", got)
		}
		r.succeeds(t, "unit", "install", "order", "-p", "30010", "--share")
		if got := r.Shell(t, "ls -A "+orderDropins); strings.TrimSpace(got) != "zz-portguard.conf" {
			t.Fatalf("left beside it: %s", got)
		}
		r.succeeds(t, "unit", "remove", "order")
		r.Shell(t, "rmdir "+orderDropins+" 2>/dev/null || true") // one that was killed between mkdir and the file leaves it, empty
		if got := r.settings(t); got != clean {
			t.Fatalf("left behind:\n%s\nwas:\n%s", got, clean)
		}
	}
	if got := r.Shell(t, "systemctl show --value -p MainPID order"); got != main {
		t.Errorf("the service's pid was %s, is %s", main, got)
	}
}
