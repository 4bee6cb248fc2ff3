package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// asks runs portguard ready to its end.
func asks(t *testing.T, args ...string) (status int, said string, took time.Duration) {
	t.Helper()
	return asksAs(t, nil, args...)
}

func asksAs(t *testing.T, as *syscall.Credential, args ...string) (status int, said string, took time.Duration) {
	t.Helper()
	ready := exec.Command(binary(t), append([]string{"ready"}, args...)...)
	ready.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	began := time.Now()
	out, err := ready.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		status = exit.ExitCode()
	}
	return status, string(out), time.Since(began)
}

// A service that goes on with one family, as a client has its port in the other, is not ready, and is not waited for either: it does not
// try again. One that listens in one family by its own choice is whole.
func TestReadyByHalf(t *testing.T) {
	client := holders.New(t).Hold(t, 26601, pooled(loopback4))
	keeper := keep(t, client, "keeper")
	pair := launch(t, builds.build(t, "./testdata/unit/pair"), "26601")
	eventually(t, 5*time.Second, "one of the two listens", func() bool { return pair.running() && dials("[::1]:26601") })
	pid := fmt.Sprint(pair.pid())
	half := fmt.Sprintf("pair (pid %s) listens at [::]:26601 and is deaf on IPv4, where somebody else has the port\n", pid)
	holder := fmt.Sprintf("holder  keeper (pid %d, ", keeper.pid())
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		says   []string
	}{
		{"one look", []string{"--pid", pid, "-p", "26601"}, cli.ExitUnavailable, []string{"26601/tcp is up by half: " + half, holder, "--v6only -p 26601"}},
		{"whoever listens", []string{"-p", "26601"}, cli.ExitUnavailable, []string{"26601/tcp is up by half: pair (pid ", "deaf on IPv4", holder}},
		{"a long wait", []string{"--wait", "1m", "--pid", pid, "-p", "26601"}, cli.ExitUnavailable, []string{half[:40], holder}},
		{"IPv6 alone is meant", []string{"--v6only", "-p", "26601"}, 0, nil},
		{"IPv4 alone is meant", []string{"-p", "0.0.0.0:26601"}, cli.ExitUnavailable, []string{"not listened on", holder}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, said, took := asks(t, tt.args...)
			if status != tt.status || took > 20*time.Second {
				t.Errorf("status %d, want %d, after %s\n%s", status, tt.status, took, said)
			}
			for _, want := range tt.says {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
		})
	}
	alone := launch(t, builds.build(t, "./testdata/ladder/service"), "-network", "tcp6", "26602")
	alone.expect(t, "up")
	if status, said, _ := asks(t, "--pid", fmt.Sprint(alone.pid()), "-p", "26602"); status != 0 {
		t.Errorf("nobody has the other half: status %d\n%s", status, said)
	}
}

// A user who may not ask a socket of root's for its options asks the kernel by bind(): portguard's own placeholder makes no half, and a client does.
func TestReadyAsAnotherUser(t *testing.T) {
	nstest.Root(t)
	guarded := launch(t, binary(t), "-p", "26603", "--", builds.build(t, "./testdata/ladder/service"), "-network", "tcp4", "26603")
	guarded.expect(t, "up")
	if status, said, _ := asksAs(t, nobodyUser, "-p", "26603"); status != 0 {
		t.Errorf("behind a placeholder: status %d\n%s", status, said)
	}
	keep(t, holders.New(t).Hold(t, 26604, pooled(loopback4)), "keeper")
	pair := launch(t, builds.build(t, "./testdata/unit/pair"), "26604")
	eventually(t, 5*time.Second, "one of the two listens", func() bool { return pair.running() && dials("[::1]:26604") })
	if status, said, _ := asksAs(t, nobodyUser, "-p", "26604"); status != cli.ExitUnavailable || !strings.Contains(said, "is up by half") {
		t.Errorf("beside a client: status %d\n%s", status, said)
	}
}

// dials connects, which ready never does.
func dials(address string) bool {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// The end of a wait follows the service's listen() at once, costs next to nothing, and no connection comes to the service by it.
func TestReadyFollowsListen(t *testing.T) {
	const rounds = 9
	var late []time.Duration
	for i := range rounds {
		cmd := exec.Command(binary(t), "ready", "--wait", "20s", "-p", "26611")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200*time.Millisecond + time.Duration(i)*time.Millisecond)
		l, err := net.Listen("tcp", ":26611")
		if err != nil {
			t.Fatal(err)
		}
		listens := time.Now()
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		late = append(late, time.Since(listens))
		_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Millisecond))
		if c, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a connection has come: %v, %v", c, err)
		}
		_ = l.Close()
	}
	slices.Sort(late)
	t.Logf("from listen() to the exit: %s", late)
	if late[rounds/2] > 100*time.Millisecond { // 20 ms on a quiet machine
		t.Errorf("half of the waits end %s after listen(), or later", late[rounds/2])
	}
}

func TestReadyWaitsCheaply(t *testing.T) {
	cmd := exec.Command(binary(t), "ready", "-q", "--wait", "2s", "-p", "26621,26622/udp")
	_ = cmd.Run()
	if status := cmd.ProcessState.ExitCode(); status != cli.ExitTempFail {
		t.Fatalf("status %d", status)
	}
	spent := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	t.Logf("%s of a processor in 2 s, its start included", spent)
	if spent > 100*time.Millisecond { // a third of that on a quiet machine
		t.Errorf("it takes %s of a processor in 2 s", spent)
	}
}

// The new process is waited for, while the old one listens beside it, and the old one is none of the new one's.
func TestReadyTellsProcesses(t *testing.T) {
	service := builds.build(t, "./testdata/ladder/service")
	old := launch(t, service, "-addr", "127.0.0.2", "26631")
	old.expect(t, "up")
	young := launch(t, "sh", "-c", service+" -addr 127.0.0.3 -delay 500ms 26631 >/dev/null 2>&1 & echo $!; wait")
	child, err := strconv.Atoi(young.expect(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Kill(child, unix.SIGKILL) }) // its parent is
	if status, said, _ := asks(t, "--pid", fmt.Sprint(young.pid()), "-p", "26631"); status != cli.ExitUnavailable || !strings.Contains(said, "somebody else's") {
		t.Errorf("before it listens: status %d\n%s", status, said)
	}
	if status, said, _ := asks(t, "--wait", "20s", "--pid", fmt.Sprint(young.pid()), "-p", "26631"); status != 0 {
		t.Errorf("what descends from it listens: status %d\n%s", status, said)
	}
	if status, said, _ := asks(t, "--pid", fmt.Sprint(old.pid()), "-p", "26631"); status != 0 {
		t.Errorf("the old one listens, too: status %d\n%s", status, said)
	}
	gone := launch(t, "true")
	gone.end(t)
	if status, said, took := asks(t, "--wait", "1m", "--pid", fmt.Sprint(gone.pid()), "-p", "26639"); status != cli.ExitUnavailable || took > 20*time.Second {
		t.Errorf("a process that has ended: status %d after %s\n%s", status, took, said)
	}
}

// Of UDP, that it is bound counts, by somebody who asked for the port and is not connected.
func TestReadyUDP(t *testing.T) {
	if status, _, _ := asks(t, "-p", "26641/udp"); status != cli.ExitUnavailable {
		t.Errorf("nobody: status %d", status)
	}
	c, err := net.ListenPacket("udp", ":26641")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if status, said, _ := asks(t, "-v", "-p", "26641/udp"); status != 0 || !strings.Contains(said, "at [::]:26641") {
		t.Errorf("bound: status %d\n%s", status, said)
	}
	client, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 26642}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if status, said, _ := asks(t, "-p", "26642/udp"); status != cli.ExitUnavailable || !strings.Contains(said, "127.0.0.1:26642") {
		t.Errorf("connected: status %d\n%s", status, said)
	}
}
