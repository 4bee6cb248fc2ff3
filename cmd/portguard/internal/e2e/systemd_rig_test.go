package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/report"
)

// rigLong runs the tests on a real systemd with the numbers and times of a long day.
var rigLong = flag.Bool("rig.long", false, "run the tests on a real systemd with 50 restarts and 12 s waits: some minutes")

// systemdRig is a systemd with portguard, services, and programs that have their ports.
type systemdRig struct{ unitRig }

// What portguard promises to do under systemd, on the systemd of this host and, with -rig.release, on others.
func TestSystemd(t *testing.T) {
	t.Parallel() // a system of its own
	onEachSystemd(t, func(t *testing.T, booted unitRig) {
		r := systemdRig{booted}
		for _, program := range []string{"holder", "crowd", "witness"} {
			r.Install(t, builds.build(t, "./testdata/systemd/"+program), "/usr/local/bin/"+program)
		}
		t.Run("waiting", r.testWaiting)
		t.Run("journal", r.testJournal)
		t.Run("socket activation", r.testActivation)
		t.Run("advice", r.testAdvice)
		t.Run("owners", r.testOwners)
		t.Run("left over", r.testLeftOver)
		t.Run("restart-unit", r.testRestartUnit)
		t.Run("restart-unit refused", r.testRestartRefused)
		t.Run("restart-unit in order", r.testRestartOrder)
		t.Run("restart-unit of who comes after", r.testRestartAfter)
		t.Run("managers", r.testManagers)
		t.Run("hardening", r.testHardening)
		t.Run("fd store", r.testStore)
		t.Run("fd store out of reach", r.testStoreOutOfReach)
		t.Run("deaf journal", r.testDeafJournal)
	})
}

// service writes a unit file and has systemd read it.
func (r systemdRig) service(t *testing.T, name string, lines ...string) {
	t.Helper()
	r.Unit(t, name+".service", "[Service]\n"+strings.Join(lines, "\n")+"\n")
	r.Shell(t, "systemctl daemon-reload")
}

// hold gives ports to a program in a unit of its own, and returns its pid when it has them.
func (r systemdRig) hold(t *testing.T, unit, flags string, properties ...string) (pid string) {
	t.Helper()
	line := "systemd-run --quiet --collect --unit=" + unit + " -p Type=notify"
	for _, p := range properties {
		line += " -p '" + p + "'"
	}
	r.Shell(t, line+" /usr/local/bin/holder "+flags)
	t.Cleanup(func() { _, _, _ = r.Run("systemctl", "stop", unit) }) // it may have ended
	return r.property(t, unit, "MainPID")
}

func (r systemdRig) property(t *testing.T, unit, name string) string {
	t.Helper()
	return strings.TrimSpace(r.Shell(t, "systemctl show --value -p "+name+" "+unit))
}

// narrow has the kernel pick ports of this range until the end of the test.
func (r systemdRig) narrow(t *testing.T, low, high int) {
	t.Helper()
	const path = "/proc/sys/net/ipv4/ip_local_port_range"
	before := strings.TrimSpace(r.Shell(t, "cat "+path))
	r.Shell(t, fmt.Sprintf("echo %d %d >%s", low, high, path))
	t.Cleanup(func() { r.Shell(t, "echo "+before+" >"+path) })
}

// reaches waits until a property of a unit has a value.
func (r systemdRig) reaches(t *testing.T, unit, property, want string) {
	t.Helper()
	got := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if got = r.property(t, unit, property); got == want {
			return
		}
	}
	t.Fatalf("%s of %s is %q, want %q\n%s", property, unit, got, want, r.Shell(t, "journalctl --no-pager -n 20 -u "+unit))
}

// decoded reads the one JSON document in what portguard wrote.
func decoded(t *testing.T, out string) (doc report.JSONReport) {
	t.Helper()
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, `{"version"`) {
			if err := json.Unmarshal([]byte(line), &doc); err != nil {
				t.Fatalf("%v\n%s", err, line)
			}
		}
	}
	return doc
}

// ask is a report on one port.
func (r systemdRig) ask(t *testing.T, port int, flags ...string) (e report.JSONEndpoint, status int) {
	t.Helper()
	out, status := r.portguard(t, append([]string{"--json", "-p", fmt.Sprint(port)}, flags...)...)
	doc := decoded(t, out)
	if len(doc.Endpoints) != 1 {
		t.Fatalf("status %d\n%s", status, out)
	}
	return doc.Endpoints[0], status
}
