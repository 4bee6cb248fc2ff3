package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag/nstest"
)

// Of all ports that there are, a quarter have a listener: each is told, and the others are free; a start holds as many as it
// has descriptors for, and the audit goes through all of them.
func TestScaleEveryPort(t *testing.T) {
	nstest.Root(t) // for so many descriptors
	ports, first, listeners, memory := 4000, 1500, 2000, 64
	if *scaleFull {
		ports, first, listeners, memory = 65535, 2000, 16_000, 256
	}
	clearLeftovers(t)
	all := fmt.Sprintf("1-%d", ports)
	t.Run("free", func(t *testing.T) {
		r := everyPort(t, all, 64)
		for _, e := range r.Endpoints {
			if e.Verdict != "free" && (len(e.Holders) == 0 || e.Holders[0].Kind != "remains") { // of another test's connection
				t.Errorf("port %d is %s", e.Port, e.Verdict)
			}
		}
		if len(r.Endpoints) != ports {
			t.Errorf("%d endpoints", len(r.Endpoints))
		}
	})
	t.Run("a start", func(t *testing.T) {
		out, spent := spends(t, 128, "-p", all, "--", "echo", "started")
		if !strings.Contains(out, "started\n") {
			t.Errorf("it says %.1000s", out)
		}
		t.Log(spent)
	})
	keeper := listenOn(t, first, listeners)
	t.Run("listeners", func(t *testing.T) {
		r := everyPort(t, all, memory)
		mine := 0
		for _, e := range r.Endpoints {
			if e.Verdict == "taken" && len(e.Holders) == 1 && len(e.Holders[0].Processes) == 1 && e.Holders[0].Processes[0].PID == keeper {
				mine++
			}
		}
		if len(r.Endpoints) != ports || mine != listeners {
			t.Errorf("%d endpoints, and %d of them are told to have their listener, want %d", len(r.Endpoints), mine, listeners)
		}
	})
	t.Run("a wait that runs out", func(t *testing.T) {
		out, spent := spends(t, memory, "-q", "--wait", "1s", "-p", all, "--", "echo", "started")
		if strings.Contains(out, "started\n") {
			t.Errorf("it is started")
		}
		t.Log(spent)
	})
	t.Run("audit", func(t *testing.T) {
		out, spent := spends(t, memory, "audit", all)
		if !strings.Contains(out, fmt.Sprintf("keeper (pid %d", keeper)) {
			t.Errorf("it says %.1000s", out)
		}
		t.Log(spent)
	})
}

// everyPort is what the report about ports says.
func everyPort(t *testing.T, ports string, memory int) (r report.JSONReport) {
	t.Helper()
	out, spent := spends(t, memory, "-p", ports, "--json")
	t.Log(spent)
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %.1000s", err, out)
	}
	return r
}

// spends runs portguard with at most so many MiB at its peak, and tells what it took.
func spends(t *testing.T, memory int, args ...string) (out, spent string) {
	t.Helper()
	argv := weighed(t, args...)
	cmd := exec.Command(argv[0], argv[1:]...)
	var kib, both bytes.Buffer // portguard's stdout comes to stderr there
	cmd.Stdout, cmd.Stderr = &kib, &both
	_ = cmd.Run() // its status is the verdict
	peak, err := strconv.Atoi(strings.TrimSpace(kib.String()))
	if err != nil {
		t.Fatalf("no memory is told: %q", kib.String())
	}
	if peak > memory<<10 {
		t.Errorf("%v takes %d KiB, more than %d MiB", args, peak, memory)
	}
	return both.String(), fmt.Sprintf("%v: %s of a processor, %d MiB, %d bytes of text", args, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), peak>>10, both.Len())
}

// listenOn has a process listen on ports of 127.0.0.1 until the test ends.
func listenOn(t *testing.T, first, n int) (pid int) {
	t.Helper()
	var fds []int
	for port := first; port < first+n; port++ {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		fds = append(fds, fd)
		if err := unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			t.Fatalf("port %d: %v", port, err)
		}
		if err := unix.Listen(fd, 1); err != nil {
			t.Fatal(err)
		}
	}
	return newLadder(t).keep(t, nil, fds).pid()
}
