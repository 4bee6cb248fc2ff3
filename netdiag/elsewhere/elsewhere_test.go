package elsewhere

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
	"portguard/netdiag/sockdiag"
)

// helperEnv names what this binary is when a test starts it as a helper process.
const helperEnv = "PORTGUARD_ELSEWHERE_TEST_HELPER"

func TestMain(m *testing.M) {
	helpers := map[string]func() (any, error){"serve": serve, "look": look}
	helper, ok := helpers[os.Getenv(helperEnv)]
	if !ok {
		os.Exit(nstest.Main(m))
	}
	said, err := helper()
	if err != nil {
		said = "error: " + err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		os.Exit(1)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // it ends with the test
}

// start runs a helper until the test ends, and reads what it says.
func start(t *testing.T, name string, into any, fd3 *os.File, attr *syscall.SysProcAttr, env ...string) (pid int) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), append(env, helperEnv+"="+name)...)
	cmd.SysProcAttr, cmd.Stderr, cmd.ExtraFiles = attr, os.Stderr, []*os.File{fd3}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("helper %s: %v", name, err)
	}
	if err := json.Unmarshal(line, into); err != nil {
		t.Fatalf("helper %s: %s", name, line)
	}
	return cmd.Process.Pid
}

// serve listens on two ports, has a third for datagrams, and a fourth without listening.
func serve() (any, error) {
	_, err := net.Listen("tcp4", "0.0.0.0:25001")
	_, err2 := net.Listen("tcp6", "[::]:25003")
	_, err3 := net.ListenPacket("udp4", "0.0.0.0:25002")
	fd, err4 := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	return "up", errors.Join(err, err2, err3, err4, unix.Bind(fd, &unix.SockaddrInet4{Port: 25004}))
}

// sight is what a helper sees.
type sight struct {
	Servers []string
	Unseen  Unseen
}

// look looks from where it was put: PROC mounts proc, and BECOME changes the user afterwards. NAMES is a directory of names.
func look() (any, error) {
	if os.Getenv("PROC") != "" {
		if err := errors.Join(unix.Mount("none", "/proc", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("proc", "/proc", "proc", 0, os.Getenv("PROC"))); err != nil {
			return nil, err
		}
	}
	var uid int
	if _, err := fmt.Sscan(os.Getenv("BECOME"), &uid); err == nil {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setresgid(uid, uid, uid), syscall.Setresuid(uid, uid, uid)); err != nil {
			return nil, err
		}
	}
	all, unseen, err := servers(context.Background(), []sockdiag.PortRange{{First: 25001, Last: 25002}, {First: 25004, Last: 25004}}, os.Getenv("NAMES"))
	s := sight{[]string{}, unseen}
	for _, server := range all {
		who := ""
		for _, p := range server.Owners {
			who += fmt.Sprintf(" by %d", p.PID)
		}
		s.Servers = append(s.Servers, fmt.Sprintf("%d %s in %s%s", server.Protocol, server.Local, server.Namespace.Argument(), who))
	}
	return s, err
}

// names makes a directory in which a namespace has a name, which the helper has as its descriptor 3, and another is left behind.
func names(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Symlink("/proc/self/fd/3", filepath.Join(dir, "web")), os.WriteFile(filepath.Join(dir, "old"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestServers(t *testing.T) {
	nstest.Root(t)
	var up string
	pid := start(t, "serve", &up, nil, &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET})
	if up != "up" {
		t.Fatal(up)
	}
	var own string
	if start(t, "serve", &own, nil, &syscall.SysProcAttr{}); own != "up" { // what our own namespace has is not elsewhere
		t.Fatal(own)
	}
	there, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	_, closed := os.Stat("/proc/1/ns/net") // on some hosts to root as well
	mine := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	for _, tt := range []struct {
		name   string
		attr   *syscall.SysProcAttr
		env    []string
		want   []string // of the test's servers; PID is theirs
		unseen Unseen
	}{
		{"by root", &syscall.SysProcAttr{}, nil, []string{"6 0.0.0.0:25001 in PID by PID", "17 0.0.0.0:25002 in PID by PID"}, Unseen{Closed: closed != nil}},
		{"with a name", &syscall.SysProcAttr{}, []string{"NAMES=" + names(t)},
			[]string{"6 0.0.0.0:25001 in web by PID", "17 0.0.0.0:25002 in web by PID"}, Unseen{Closed: closed != nil}},
		{"by a user", &syscall.SysProcAttr{}, []string{"BECOME=65534"}, nil, Unseen{Closed: true}},
		{"by a user from whom processes are hidden", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}, []string{"PROC=hidepid=2", "BECOME=65534"}, nil, Unseen{Closed: true}},
		{"in a pid namespace", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}, []string{"PROC=gid=0"}, nil, Unseen{Outside: true}},
		{"in a pid namespace, with a name", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}, []string{"NAMES=" + names(t), "PROC=gid=0"},
			[]string{"6 0.0.0.0:25001 in web", "17 0.0.0.0:25002 in web"}, Unseen{Outside: true}},
		{"by root of a user namespace, with a name", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, UidMappings: mine, GidMappings: mine}, []string{"NAMES=" + names(t)},
			nil, Unseen{Denied: 1, Closed: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got sight
			start(t, "look", &got, there, tt.attr, tt.env...)
			var want, servers []string // those of other tests, on this host, are none of ours
			for _, s := range tt.want {
				want = append(want, strings.ReplaceAll(s, "PID", fmt.Sprint(pid)))
			}
			for _, s := range got.Servers {
				if _, at, _ := strings.Cut(s, " in "); at == "web" || strings.HasSuffix(at, fmt.Sprintf(" by %d", pid)) {
					servers = append(servers, s)
				}
			}
			if diff := cmp.Diff(want, servers); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if tt.unseen.Denied == 0 {
				got.Unseen.Denied = 0 // a namespace of another test's may have gone meanwhile
			}
			if tt.unseen.Outside != got.Unseen.Outside && inContainer(t) {
				got.Unseen.Outside = tt.unseen.Outside // the tests run in a pid namespace themselves
			}
			if got.Unseen != tt.unseen {
				t.Errorf("unseen: %+v, want %+v", got.Unseen, tt.unseen)
			}
		})
	}
}

// inContainer asks the kernel by another way than the code does: kthreadd is process 2 of the first pid namespace only.
func inContainer(t *testing.T) bool {
	t.Helper()
	name, err := os.ReadFile("/proc/2/comm")
	return err != nil || string(name) != "kthreadd\n"
}
