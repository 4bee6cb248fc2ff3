package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/report"
	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

// listenAs starts a server, as a user, behind a command that may put it into a namespace, until the test ends. The server's process is
// the command's.
func listenAs(t *testing.T, port string, argv ...string) (pid int) {
	t.Helper()
	argv = append(argv, builds.build(t, "./testdata/ladder/service"), port)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" || err != nil {
		t.Fatalf("%q: %q, %v", argv, line, err)
	}
	return cmd.Process.Pid
}

// In a user namespace the kernel has one number for all users that are not in it, which is nobody's by custom: who that is is not
// guessed, and --only does not take him for nobody.
func TestUsersOutsideOfAUserNamespace(t *testing.T) {
	nstest.Root(t)
	needs.Program(t, "unshare", "util-linux")
	asUser := func(uid string) []string {
		return []string{"setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "unshare", "-U"}
	}
	if out, err := exec.Command("setpriv", append(asUser("1000")[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("no user may make user namespaces here: %s", out)
	}
	for i, tt := range []struct {
		name, uid, ids string
		holder         string // how it is called
		user           string // in JSON, of the socket; "" for null
		kill           int    // status of --kill --only user=nobody
	}{
		{"a user that it has not", "1000", "0 0 1", "a process of a user outside this user namespace", "", cli.ExitNoPerm},
		{"the same, beside a nobody", "1000", "0 0 1\n65534 65534 1", "a process of nobody or a user outside this user namespace", "", cli.ExitNoPerm},
		{"a nobody of its own", "65534", "0 0 1\n65534 65534 1", "service (pid PID, nobody)", "", cli.ExitOK},
		{"nobody, of a namespace that has all", "65534", "0 0 4294967295", "service (pid PID, nobody)", "nobody", cli.ExitOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := number(uint16(24831 + i))
			pid := listenAs(t, port, asUser(tt.uid)...)
			for _, file := range []string{"uid_map", "gid_map"} {
				if err := os.WriteFile(fmt.Sprintf("/proc/%d/%s", pid, file), []byte(tt.ids), 0); err != nil {
					t.Fatal(err)
				}
			}
			namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/user", pid)) // which is asked in after its process has ended, too
			if err != nil {
				t.Fatal(err)
			}
			defer namespace.Close()
			portguard := func(status int, args ...string) string {
				t.Helper()
				cmd := exec.Command("nsenter", append([]string{"--user=/proc/self/fd/3", binary(t)}, args...)...)
				cmd.ExtraFiles = []*os.File{namespace}
				said, _ := cmd.CombinedOutput() // the status tells
				if got := cmd.ProcessState.ExitCode(); got != status {
					t.Errorf("portguard %q: status %d, want %d\n%s", args, got, status, said)
				}
				return string(said)
			}
			if said, want := portguard(cli.ExitUnavailable, "-p", port), strings.Replace(tt.holder, "PID", fmt.Sprint(pid), 1); !strings.Contains(said, "  holder  "+want) {
				t.Errorf("want %q\n%s", want, said)
			}
			var doc report.JSONReport
			if err := json.Unmarshal([]byte(portguard(cli.ExitUnavailable, "--json", "-p", port)), &doc); err != nil {
				t.Fatal(err)
			}
			user := ""
			if h := doc.Endpoints[0].Holders[0]; h.User != nil {
				user = *h.User
			}
			if user != tt.user {
				t.Errorf("the socket is %q's, want %q", user, tt.user)
			}
			portguard(tt.kill, "--kill", "--kill-listeners", "--only", "user=nobody", "--dry-run", "-p", port)
			portguard(tt.kill, "--kill", "--kill-listeners", "--only", "user=nobody", "-p", port)
			after := map[int]int{cli.ExitNoPerm: cli.ExitUnavailable, cli.ExitOK: cli.ExitOK}
			portguard(after[tt.kill], "-p", port)
		})
	}
}

// In a pid namespace, a server outside of it does not show. It is not taken for the process inside that is asked about, and has the same
// user.
func TestReadyInAPIDNamespace(t *testing.T) {
	nstest.Root(t)
	needs.Program(t, "unshare", "util-linux")
	outside, inside := number(24871), number(24872)
	listenAs(t, outside, "env")
	inOwn := func(script string) aftermath {
		return suffer(t, 20*time.Second, "unshare", "-pfm", "--kill-child", "--mount-proc", "sh", "-c", script, binary(t), builds.build(t, "./testdata/ladder/service"), outside, inside)
	}
	a := inOwn(`"$0" ready --pid 1 -p "$2"; exit $?`)
	a.honest(t, cli.ExitUnavailable)
	a.says(t, "24871/tcp is somebody else's: .*no process in this pid namespace has it")
	inOwn(`"$1" "$3" >/dev/null & "$0" ready --wait 20s --pid 1 -p "$3"; exit $?`).honest(t, cli.ExitOK)
	inOwn(`"$1" "$3" >/dev/null & "$0" ready --wait 20s --pid $! -p "$3"; exit $?`).honest(t, cli.ExitOK)
}
