package main

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"portguard/netdiag/nstest"
)

// TestShortRun is the run itself, shorter.
func TestShortRun(t *testing.T) {
	nstest.Root(t) // for a network namespace of its own
	program := filepath.Join(t.TempDir(), "endurance")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, "-time", "20s")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // upon which it ends its children
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
