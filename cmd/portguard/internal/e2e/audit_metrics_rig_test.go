package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/portrange"
)

func TestMetricsFile(t *testing.T) {
	setRange(t, 32768, 60999)
	r := newSysctlRig(t)
	listens(t, portrange.Of(40000))
	if err := os.Mkdir(r.Path("/var"), 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(want int, file string) string {
		return r.runs(t, want, "audit", "--openmetrics", "--sample", "50ms", "--output", file)
	}

	// Ports are at risk, and the exit status does not say so: a timer would take it for a failure.
	for range 2 { // a new file, and one that is there
		if out := run(0, "/var/portguard.prom"); out != "" {
			t.Errorf("it says %q", out)
		}
	}
	text, err := os.ReadFile(r.Path("/var/portguard.prom"))
	if err != nil {
		t.Fatal(err)
	}
	says(t, string(text), "portguard_audit_success 1\n", "portguard_ports_at_risk{protocol=\"tcp\"} 1\n", `portguard_port_info{port="40000",protocol="tcp",process="`)
	if mode := modeOf(t, r.Path("/var/portguard.prom")); mode != 0o644 {
		t.Errorf("mode %v: the collector has to be able to read it", mode)
	}

	// What is no file stays what it is, and what a link leads to is not written.
	if err := os.Symlink("portguard.prom", r.Path("/var/link.prom")); err != nil {
		t.Fatal(err)
	}
	for file, why := range map[string]string{
		"/var/link.prom":   "is no regular file",
		"/dev/null":        "is no regular file",
		"/var":             "is no regular file",
		"/var/portguard/a": "no such file",
		"/dev/null/a":      "no directory",
	} {
		says(t, run(cli.ExitOSErr, file), "--output: ", why)
	}
	if after, err := os.ReadFile(r.Path("/var/portguard.prom")); err != nil || !bytes.Equal(text, after) {
		t.Errorf("the file has changed, %v", err)
	}
	left, err := filepath.Glob(r.Path("/var") + "/.*")
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func modeOf(t *testing.T, file string) os.FileMode {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// A run that cannot ask the kernel says so in the metrics, and has none of an earlier run's numbers.
func TestMetricsOfAFailedAudit(t *testing.T) {
	r := newSysctlRig(t)
	r.Before = `mount -t tmpfs none "$R/proc/sys/net"`
	out := r.runs(t, cli.ExitOSErr, "audit", "--openmetrics", "--sample", "10ms")
	says(t, out, "portguard_audit_success 0\n", "portguard_audit_last_run_timestamp_seconds ", "# EOF\n", "portguard: ")
	if strings.Contains(out, "portguard_port") || strings.Contains(out, "portguard_ephemeral") {
		t.Errorf("numbers of a failed run:\n%s", out)
	}
}

func TestMetricsUsage(t *testing.T) {
	r := newSysctlRig(t)
	for args, want := range map[string]string{
		"audit --openmetrics --json": "contradicts",
		"audit --openmetrics --map":  "contradicts",
		"audit --output /x.prom":     "--output is for --openmetrics",
	} {
		says(t, r.runs(t, cli.ExitUsage, strings.Fields(args)...), want, "hint: portguard audit --openmetrics")
	}
}
