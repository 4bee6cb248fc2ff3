package e2e

import (
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/ports"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
)

var faultSeed = flag.Uint64("fault.seed", uint64(time.Now().UnixNano()), "where the moments of the kills come from")

// kills are moments. Their seed is printed with any failure.
func kills(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("-fault.seed %d", *faultSeed)
	return rand.New(rand.NewPCG(*faultSeed, 0))
}

// killedAt runs a command, and kills it after a while. It returns how long the command lived.
func killedAt(t *testing.T, after time.Duration, cmd *exec.Cmd) time.Duration {
	t.Helper()
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended
	_ = cmd.Wait()                                                   // the status says it all
	kill.Stop()
	return time.Since(start)
}

// SIGKILL at any moment of a rung: the holder is untouched or was dealt with, never stopped or half-way, and the next run
// gets the port.
func TestKilledAtAnyMomentOfARung(t *testing.T) {
	l := newLadder(t)
	random := kills(t)
	for _, rung := range []string{"--share", "--close", "--kill"} {
		t.Run(rung, func(t *testing.T) {
			length := 100 * time.Millisecond
			for range faults(3, 200) {
				port, holder, peer := l.client(t)
				argv := []string{rung, "-p", number(port), "--", "true"}
				lived := killedAt(t, time.Duration(random.Int64N(int64(length))), exec.Command(l.portguard, argv...))
				length = max(20*time.Millisecond, min(length, 2*lived))

				if holder.running() {
					if status := statusOf(t, holder.pid(), "State:"); strings.HasPrefix(status, "T") || strings.HasPrefix(status, "t") {
						t.Fatalf("the holder is left in state %s", status)
					}
				} else if rung != "--kill" {
					t.Fatal("the holder has ended")
				}
				if rung == "--share" {
					echoes(t, peer)
				}
				suffer(t, 30*time.Second, append([]string{l.portguard}, argv...)...).honest(t, cli.ExitOK)
				if rung == "--share" {
					echoes(t, peer)
				}
				if holder.running() {
					holder.stop(t, syscall.SIGKILL)
				}
			}
		})
	}
}

// SIGKILL at any moment of a change to the host's settings: each file is as it was, or as it was to be; and the next run
// completes what was begun, and leaves nothing behind.
func TestKilledAtAnyMomentOfAChange(t *testing.T) {
	random := kills(t)
	for _, tt := range []struct {
		name, file   string
		args, undone []string
	}{
		{"reserve", reserved.Path, []string{"reserve", "30010-30019"}, []string{"release", "30010-30019"}},
		{"range", ports.RangePath, []string{"range", "20000-60999"}, []string{"range", "32768-60999"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newSysctlRig(t)
			before, err := portrange.Ephemeral()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := portrange.SetEphemeral(before); err != nil {
					t.Error(err)
				}
			})
			r.runs(t, 0, tt.args...)
			done := r.file(t, tt.file)
			r.runs(t, 0, tt.undone...)
			undone := r.file(t, tt.file)
			length := 150 * time.Millisecond
			for range faults(3, 200) {
				lived := killedAt(t, time.Duration(random.Int64N(int64(length))), r.Command(r.portguard, tt.args...))
				length = max(50*time.Millisecond, min(length, 2*lived))
				if got := r.file(t, tt.file); got != done && got != undone {
					t.Fatalf("half a file:\n%q", got)
				}
				r.runs(t, 0, tt.args...)
				if got := r.file(t, tt.file); got != done {
					t.Fatalf("the next run leaves\n%q, want\n%q", got, done)
				}
				r.runs(t, 0, tt.undone...)
				if got := r.file(t, tt.file); got != undone {
					t.Fatalf("taken back, it is\n%q, want\n%q", got, undone)
				}
			}
			entries, err := os.ReadDir(filepath.Dir(r.Path(tt.file)))
			for _, e := range entries {
				if filepath.Base(tt.file) != e.Name() {
					t.Errorf("%s is left behind", e.Name())
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// file is what a file of the root says; "" when there is none.
func (r sysctlRig) file(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(r.Path(name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(b)
}

// statusOf is a line of /proc/PID/status.
func statusOf(t *testing.T, pid int, key string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, key); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
