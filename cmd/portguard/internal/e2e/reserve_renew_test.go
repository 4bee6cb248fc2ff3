package e2e

import (
	"testing"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
)

// Another file comes to reserve more after portguard has written its own, which has the last word. The audit tells of it, and so
// do the metrics; one command mends it, now and for the next boot.
func TestReserveRenewTakesInWhatOthersHaveAdded(t *testing.T) {
	setRange(t, 32768, 60999)
	r := newSysctlRig(t)
	r.Write(t, "/etc/sysctl.d/60-app.conf", reservedSet+"8080\n")
	r.runs(t, 0, "reserve", "30010")
	says(t, r.runs(t, 0, "reserve", "--renew"), "nothing to renew\n")
	says(t, r.runs(t, 0, "audit", "--sample", "10ms"), "nothing is at risk")

	r.Write(t, "/etc/sysctl.d/60-app.conf", reservedSet+"8080,40001\n")
	if got := r.afterBoot(t); got != "8080,30010" {
		t.Fatalf("after a boot: %s: nothing is frozen", got)
	}
	says(t, joined(r.runs(t, cli.ExitAtRisk, "audit", "--sample", "10ms")), "40001, which other files reserve by now, will not be reserved after the next boot", "portguard reserve --renew")
	if doc := r.audits(t, cli.ExitAtRisk); doc.Boot.Frozen != "40001" || doc.Boot.Overridden != "" || !doc.AnyAtRisk {
		t.Errorf("%+v", doc.Boot)
	}
	says(t, r.runs(t, 0, "audit", "--openmetrics", "--sample", "10ms"), "\nportguard_reserved_ports_frozen 1\n", "\nportguard_reserved_ports_overridden 0\n")
	says(t, r.runs(t, 0, "reserve"), "is out of date, since the other files have changed: portguard reserve --renew")

	says(t, r.runs(t, 0, "reserve", "--renew", "--dry-run"), "+ net.ipv4.ip_local_reserved_ports = 8080,30010,40001")
	kernelHas(t, "30010")
	says(t, r.runs(t, 0, "reserve", "--renew"), "renewed: 40001 of other files\n", reserved.Path+" is written")
	kernelHas(t, "30010,40001")
	if got := r.afterBoot(t); got != "8080,30010,40001" {
		t.Errorf("after a boot: %s", got)
	}
	says(t, r.runs(t, 0, "audit", "--sample", "10ms"), "nothing is at risk")

	// What the other lets go of is let go of, and what portguard reserves stays.
	r.Write(t, "/etc/sysctl.d/60-app.conf", reservedSet+"8080\n")
	r.runs(t, 0, "reserve", "--renew", "--quiet")
	if got := r.afterBoot(t); got != "8080,30010" {
		t.Errorf("after a boot: %s", got)
	}

	// A later file is not portguard's to change: it is named.
	r.Write(t, "/etc/sysctl.d/zzz.conf", reservedSet+"9090\n")
	says(t, joined(r.runs(t, cli.ExitAtRisk, "audit", "--sample", "10ms")), "will not be reserved after the next boot: /etc/sysctl.d/zzz.conf:1 comes after "+reserved.Path)
	says(t, r.runs(t, 0, "audit", "--openmetrics", "--sample", "10ms"), "\nportguard_reserved_ports_overridden 1\n")
}

func TestReserveRenewUsage(t *testing.T) {
	r := newSysctlRig(t)
	says(t, r.runs(t, cli.ExitUsage, "reserve", "--renew", "30010"), "hint: portguard reserve --renew")
	if err := portrange.SetReserved(nil); err != nil {
		t.Fatal(err)
	}
	says(t, r.runs(t, 0, "reserve", "--renew"), "nothing to renew\n")
}
