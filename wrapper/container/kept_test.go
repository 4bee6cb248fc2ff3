package container

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"portguard/netdiag/nstest"
	"portguard/netdiag/owner"
)

// Where cgroups tell of no container, conmon is the parent of its main process, and says which it is.
func TestLookKnowsThePastaOfAContainerWithoutACgroup(t *testing.T) {
	nstest.Root(t)
	for _, tt := range []struct {
		name   string
		keeper string // the name of the program that has started the container's process
		uid    uint32 // who runs pasta
		want   string
	}{
		{"conmon", "conmon", 0, "container web (podman)"},
		{"another user's conmon", "conmon", 1000, "a container"},
		{"a program that only takes such arguments", "sh", 0, "a container"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inside := startIn(t, tt.keeper, "-c", id1, "-n", "web")
			ns, err := os.Open(filepath.Join("/proc", strconv.Itoa(inside), "ns/net"))
			if err != nil {
				t.Fatal(err)
			}
			defer ns.Close()
			pasta := owner.Process{PID: os.Getpid(), Exe: "/usr/bin/pasta", Args: []string{"pasta"}, UID: tt.uid}
			if part := (Finder{}).Look(context.Background(), pasta, Listening{}); part.Role != Network || part.Container.String() != tt.want {
				t.Errorf("role %d, %s; want %s", part.Role, part.Container, tt.want)
			}
		})
	}
}

// startIn starts a shell as a program of some name, with arguments that it passes over, and gives its child, which has a network namespace of
// its own.
func startIn(t *testing.T, program string, args ...string) (child int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), program)
	if out, err := exec.Command("cp", "/bin/sh", file).CombinedOutput(); err != nil { // not written here: a fork beside it would keep it busy
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(file, append([]string{"-s", "--"}, args...)...)
	cmd.Stdin = strings.NewReader("unshare --net sh -c 'echo $$; exec sleep 1000' & wait\n")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if child, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		t.Fatal(err)
	}
	return child
}
