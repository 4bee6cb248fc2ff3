package nstest

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// helperEnv chooses what this test binary does inside the namespace instead of running its tests.
const helperEnv = "PORTGUARD_NSTEST_HELPER"

func TestMain(m *testing.M) {
	os.Exit(Main(m))
}

// TestHelper is not a test but what the processes do that the tests below start; elsewhere it does nothing.
func TestHelper(t *testing.T) {
	switch what := os.Getenv(helperEnv); what {
	case "":
	case "namespace":
		name, err := os.Readlink("/proc/self/ns/net")
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString(name + "\n")
	case "ignored":
		out, err := exec.Command("sed", "-n", "s/^SigIgn:\t//p", "/proc/self/status").Output()
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.Write(out)
	case "fail":
		t.Fatal("as asked")
	case "sleep":
		os.Stdout.WriteString(strconv.Itoa(os.Getpid()) + "\n")
		time.Sleep(time.Minute)
	default:
		t.Fatalf("what is %q?", what)
	}
}

// helper is this test binary again. Outside, it is as if it had been started beside us, and unshares by itself.
func helper(t *testing.T, what string, outside bool) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestHelper$")
	cmd.Env = append(os.Environ(), helperEnv+"="+what)
	if outside {
		cmd.Env = append(cmd.Env, outsideEnv+"=")
	}
	cmd.Stderr = os.Stderr
	return cmd
}

func namespace(t *testing.T) string {
	t.Helper()
	name, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestNamespaceIsFresh(t *testing.T) {
	if here, outside := namespace(t), os.Getenv(outsideEnv); here == outside {
		t.Fatalf("still in %s", outside)
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback != 0 && i.Flags&net.FlagUp == 0 {
			t.Errorf("%s is down", i.Name)
		}
		if i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagUp != 0 {
			t.Errorf("%s leads out of the namespace", i.Name)
		}
	}
}

func TestHelperProcessStaysInNamespace(t *testing.T) {
	out, err := helper(t, "namespace", false).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, _, _ := strings.Cut(string(out), "\n"); got != namespace(t) {
		t.Errorf("helper is in %s, we are in %s", got, namespace(t))
	}
}

func TestBinaryStartedOutsideUnshares(t *testing.T) {
	out, err := helper(t, "namespace", true).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, _, _ := strings.Cut(string(out), "\n"); got == namespace(t) || !strings.HasPrefix(got, "net:[") {
		t.Errorf("started in %s, the tests ran in %q", namespace(t), got)
	}
}

// A test run under nohup, or in the background of a script, has signals ignored; what its tests start has not.
func TestProgramsStartWithDefaultSignals(t *testing.T) {
	cmd := helper(t, "ignored", true)
	cmd.Args = append([]string{"sh", "-c", `trap "" HUP INT; exec "$@"`, "sh"}, cmd.Args...)
	cmd.Path = "/bin/sh"
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	set, err := strconv.ParseUint(line, 16, 64)
	if err != nil || set&(1<<(syscall.SIGHUP-1)|1<<(syscall.SIGINT-1)) != 0 {
		t.Errorf("ignored: %s, %v", line, err)
	}
}

func TestExitStatusIsPassedOn(t *testing.T) {
	cmd := helper(t, "fail", true)
	cmd.Stdout, cmd.Stderr = nil, nil
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("a failing test run ended with %v, want exit status 1", err)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"interrupted": syscall.SIGINT, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			cmd := helper(t, "sleep", true)
			cmd.Stderr = nil
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			inside, err := strconv.Atoi(strings.TrimSpace(line))
			if err != nil || inside == cmd.Process.Pid {
				t.Fatalf("pid of the process inside: %q (%v), outside %d", line, err, cmd.Process.Pid)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("ended with status 0")
			}
			for deadline := time.Now().Add(5 * time.Second); alive(inside); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("process %d inside the namespace still lives", inside)
				}
			}
		})
	}
}

// alive reports whether the process runs; one that only waits to be reaped does not.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, fields, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(fields, "Z") && !strings.HasPrefix(fields, "X")
}
