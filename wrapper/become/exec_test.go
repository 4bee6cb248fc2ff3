package become

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// service builds testdata/service, with the linker flags that are given.
func service(t *testing.T, ldflags string) string {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("needs the go command: ", err)
	}
	path := filepath.Join(t.TempDir(), "service")
	build := exec.Command(goTool, "build", "-buildvcs=false", "-ldflags="+ldflags, "-o", path, "./testdata/service")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

const withEntry = "-E portguard/wrapper/become.entry"

func TestExecOnAnotherThread(t *testing.T) {
	result := make(chan error)
	block := make(chan struct{})
	// Two goroutines that hold a thread each cannot both be on the main one.
	for range 2 {
		go func() {
			runtime.LockOSThread()
			if unix.Gettid() != unix.Getpid() {
				result <- Exec("/bin/false", []string{"false"}, Inherited{})
			}
			<-block
		}()
	}
	err := <-result
	close(block)
	if !errors.Is(err, ErrNotMainThread) {
		t.Errorf("got %v, want %v", err, ErrNotMainThread)
	}
}

func TestAtStart(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("no entry point for " + runtime.GOARCH)
	}
	requireEnv(t)
	usual := SignalSet(0).With(unix.SIGINT)
	for _, tt := range []struct {
		name    string
		ldflags string
		environ string // in the shell's words
		want    Inherited
	}{
		{"with the entry point", withEntry, "B=1 A=2", Inherited{
			Captured: true,
			Ignored:  usual.With(unix.SIGPIPE).With(unix.SIGQUIT).With(64),
			Blocked:  SignalSet(0).With(unix.SIGTERM).With(unix.SIGUSR1),
			Environ:  []string{"B=1", "A=2"},
		}},
		{"a plain build goes by what the runtime has noted down", "", "B=1 A=2", Inherited{
			Remembered: true,
			Ignored:    usual.With(unix.SIGPIPE).With(unix.SIGQUIT).With(64),
			Blocked:    SignalSet(0).With(unix.SIGTERM).With(unix.SIGUSR1),
			Environ:    []string{"B=1", "A=2"},
		}},
		{"a stripped one knows what Go leaves alone", "-s", "B=1 A=2", Inherited{
			Ignored: usual,
			Blocked: SignalSet(0).With(unix.SIGUSR1),
			Environ: []string{"B=1", "A=2"},
		}},
		{"a stripped one and systemd", "-s", "SYSTEMD_EXEC_PID=$$", Inherited{
			Ignored: usual.With(unix.SIGPIPE),
			Blocked: SignalSet(0).With(unix.SIGUSR1),
			Environ: []string{"SYSTEMD_EXEC_PID=PID"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// SIGHUP may be ignored here, too: under nohup.
			script := "exec env -i --default-signal=HUP --ignore-signal=PIPE,INT,QUIT,RTMAX --block-signal=TERM,USR1 " + tt.environ + ` "$0" inherited`
			cmd := exec.Command("sh", "-c", script, service(t, tt.ldflags))
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got Inherited
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			for i, entry := range got.Environ {
				got.Environ[i] = strings.ReplaceAll(entry, fmt.Sprint("=", cmd.Process.Pid), "=PID")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func requireEnv(t *testing.T) {
	t.Helper()
	if err := exec.Command("env", "--default-signal=HUP", "--ignore-signal=PIPE", "--block-signal=TERM", "true").Run(); err != nil {
		t.Skip("needs env of coreutils 8.31 or later: ", err)
	}
}

func TestExec(t *testing.T) {
	requireEnv(t)
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	foreign := filepath.Join(dir, "foreign")
	for path, text := range map[string]string{
		script:  "echo $0 $*\n",
		foreign: "\x7fELF for another machine",
	} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := service(t, withEntry)
	for _, tt := range []struct {
		name    string
		command []string
		exit    int
		out     string
	}{
		{"becomes the command", []string{"sh", "-c", `echo "$0|$1|$2"; exit 3`, "", "a b", ""}, 3, "|a b|\n"},
		{"a script without #! is the shell's", []string{script, "x", "y"}, 0, script + " x y\n"},
		{"a binary for another machine is nobody's, and signals are put back", []string{foreign}, 126,
			"cannot execute " + foreign + ": exec format error\n"},
		{"not found", []string{"no-such-command"}, 127, "no-such-command not found in PATH\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"--ignore-signal=PIPE,QUIT", "--block-signal=TERM,USR1", path, "exec"}, tt.command...)
			cmd := exec.Command("env", args...)
			cmd.Env = append(os.Environ(), "PATH=/usr/bin:/bin") // one that this user may search
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState == nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fmt.Sprint(tt.exit, "\n", tt.out), fmt.Sprint(cmd.ProcessState.ExitCode(), "\n", string(out))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
