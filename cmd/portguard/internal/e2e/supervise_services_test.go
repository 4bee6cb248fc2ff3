package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/internal/needs"
)

// crashed is a service that is started again after SIGKILL, and is seen to listen both times.
func crashed(t *testing.T, port string, service ...string) {
	t.Helper()
	p := launch(t, append([]string{binary(t), "--restart", "on-failure", "--restart-delay", "10ms", "--ready-timeout", "30s", "-p", port, "--"}, service...)...)
	listening := func(times int) {
		t.Helper()
		eventually(t, 30*time.Second, "it listens", func() bool { return strings.Count(p.errs.String(), "listening after ") == times })
	}
	listening(1)
	askHTTP(t, port, 10)
	first := childOf(t, p.pid())
	if err := unix.Kill(first, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	listening(2)
	askHTTP(t, port, 10)
	if childOf(t, p.pid()) == first {
		t.Errorf("it is process %d still", first)
	}
	if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !p.endWithin(t, 10*time.Second) {
		t.Error("SIGTERM does not end it")
	}
	t.Log(p.errs.String())
}

// Services of several processes, and of many threads.
func TestSuperviseServices(t *testing.T) {
	t.Run("nginx", func(t *testing.T) {
		needs.Program(t, "nginx", "nginx-light")
		command := nginx(t, "26230")
		config := filepath.Join(command[2], "nginx.conf")
		// The workers have the port, too, and would keep it when their master has crashed.
		text := strings.Replace(readFile(t, config), "master_process off;", "worker_processes 2;", 1)
		if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		crashed(t, "26230", command...)
	})
	if *ladderLong { // it takes several seconds to start
		t.Run("Java", func(t *testing.T) {
			needs.Program(t, "java", "default-jdk-headless")
			crashed(t, "26231", "java", "testdata/incident/Service.java", "26231")
		})
	}
}
