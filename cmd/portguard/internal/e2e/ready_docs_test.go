package e2e

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

// readyPage is the document about ready.
func readyPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../../docs/ready.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The exec probe of docs/ready.md does what it should with no more than a pod has whose containers drop all capabilities.
func TestReadyProbe(t *testing.T) {
	nstest.Root(t)
	needs.Program(t, "setpriv", "util-linux")
	var command []string
	line := regexp.MustCompile(`(?m)^ +command: (\[.*\])$`).FindStringSubmatch(readyPage(t))
	if line == nil || json.Unmarshal([]byte(line[1]), &command) != nil || command[0] != "portguard" {
		t.Fatalf("docs/ready.md has no command of a probe: %q", line)
	}
	probe := func() error {
		cmd := exec.Command("setpriv", slices.Concat([]string{"--reuid", "65534", "--regid", "65534", "--clear-groups",
			"--inh-caps", "-all", "--bounding-set", "-all", "--no-new-privs", binary(t)}, command[1:])...)
		out, err := cmd.CombinedOutput()
		if len(out) > 0 {
			t.Errorf("it says %q", out)
		}
		return err
	}
	if probe() == nil {
		t.Error("it succeeds before anybody listens")
	}
	l, err := net.Listen("tcp", ":8080")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := probe(); err != nil {
		t.Errorf("it fails: %v", err)
	}
}
