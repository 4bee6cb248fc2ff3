package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The path unit renews portguard's reservations as soon as another file changes, under the service's own sandbox.
func TestReservePathUnit(t *testing.T) {
	t.Parallel() // a system of its own
	h := fleetHost{bootUnitRig(t, "")}
	h.Install(t, binary(t), "/usr/bin/portguard")
	for _, file := range []string{"portguard-reserve.path", "portguard-reserve.service"} {
		h.put(t, filepath.Base(file), example(t, "reserve/"+file))
	}
	h.Shell(t, "install -D -m 644 -t /usr/lib/systemd/system /rig/portguard-reserve.*", "systemctl daemon-reload",
		"portguard reserve 30010 >/dev/null", "systemctl enable --now --quiet portguard-reserve.path")
	says(t, h.Shell(t, "systemd-analyze verify /usr/lib/systemd/system/portguard-reserve.service /usr/lib/systemd/system/portguard-reserve.path 2>&1 | grep -v 'man ' || echo fine"), "fine")

	h.Shell(t, "echo 'net.ipv4.ip_local_reserved_ports = 40001' > /etc/sysctl.d/60-app.conf")
	eventually(t, 20*time.Second, "the reservation is renewed", func() bool {
		return strings.Contains(h.Shell(t, "cat /proc/sys/net/ipv4/ip_local_reserved_ports /etc/sysctl.d/zz-portguard-reserve.conf"), "= 30010,40001")
	})
	// Its own file in the directory starts it once more. A service that has failed stays so.
	eventually(t, 20*time.Second, "the service has done well", func() bool {
		return h.Shell(t, "cat /proc/sys/net/ipv4/ip_local_reserved_ports; systemctl is-failed portguard-reserve.service || true") == "30010,40001\ninactive\n"
	})
}
