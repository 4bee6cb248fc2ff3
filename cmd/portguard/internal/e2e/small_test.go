package e2e

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
	"portguard/wrapper/become"
)

// What is said where portguard cannot run, and is followed by the reason.
const (
	cannotRun   = "portguard: cannot run here: "
	goesOn      = ": COMMAND is started without it, and its port is not looked at\n"
	lowData     = "the limit on data (ulimit -d; LimitDATA= in a unit) is below 48 MiB"
	lowSpace    = "the limit on address space (ulimit -v; LimitAS= in a unit) is below 768 MiB"
	filterKills = "a seccomp filter (SystemCallFilter= in a unit) kills for "
)

// Where Go's runtime can run, so can portguard. Where it cannot, COMMAND starts as it does without portguard, with one line.
func TestSmallWorlds(t *testing.T) {
	requireEntry(t)
	prlimit := needs.Program(t, "prlimit", "util-linux")
	confine := builds.build(t, "./testdata/small/confine")
	limited := func(resource string, bytes int) []string {
		return []string{prlimit, fmt.Sprintf("--%s=%d", resource, bytes)}
	}
	without := func(calls ...int) []string {
		argv := []string{confine}
		for _, call := range calls {
			argv = append(argv, fmt.Sprint(call))
		}
		return append(argv, "--")
	}
	for _, tt := range []struct {
		name  string
		world []string
		why   string // "": portguard runs
	}{
		{"as much data as it needs", limited("data", become.LeastData), ""},
		{"less data", limited("data", become.LeastData-1), lowData},
		{"as much address space as it needs", limited("as", become.LeastAddressSpace), ""},
		{"hardly any data", limited("data", 2<<20), lowData},
		{"less address space", limited("as", become.LeastAddressSpace-1), lowSpace},
		{"little address space", limited("as", 100<<20), lowSpace},
		{"a filter that forbids nothing", without(), ""},
		{"no ioctl", without(unix.SYS_IOCTL), ""},
		{"no ioctl and nothing else beyond an ordinary program's", without(unix.SYS_IOCTL, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP, unix.SYS_BPF), ""},
		{"no madvise", without(unix.SYS_MADVISE), filterKills + "madvise"},
		{"no epoll, which a port that is free does not take", without(unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL), ""},
		{"no sockets", without(unix.SYS_SOCKET, unix.SYS_BIND), filterKills + "socket"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := suffer(t, 20*time.Second, append(tt.world, binary(t), "-p", "0.0.0.0:"+freePort(t), "--", "sh", "-c", "echo started; exit 3")...)
			want := aftermath{status: 3, out: "started\n"}
			if tt.why != "" {
				want.errs = cannotRun + tt.why + goesOn
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(aftermath{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The limit on processes and threads is on all of a user's.
func TestFewThreads(t *testing.T) {
	requireEntry(t)
	nstest.Root(t)
	prlimit := needs.Program(t, "prlimit", "util-linux")
	portguard := copyOf(t, binary(t))
	const uid = 64091 // of no other test
	for _, tt := range []struct {
		name          string
		limit, others int
		runs          bool
	}{
		{"hardly any", 2, 0, false},
		{"one too few", become.LeastThreads - 1, 0, false},
		{"just enough", become.LeastThreads, 0, true},
		{"enough", 24, 0, true},
		{"enough, were it not for others", 24, 18, false},
		{"a limit that is not low", 256, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range tt.others {
				other := exec.Command("sleep", "600")
				other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}, Pdeathsig: syscall.SIGKILL}
				if err := other.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					_ = other.Process.Kill()
					_ = other.Wait()
				})
			}
			world := []string{"setpriv", "--reuid", fmt.Sprint(uid), "--regid", fmt.Sprint(uid), "--clear-groups", prlimit, fmt.Sprintf("--nproc=%d", tt.limit)}
			got := suffer(t, 20*time.Second, append(world, portguard, "-p", "0.0.0.0:"+freePort(t), "--", "/bin/echo", "started")...)
			want := aftermath{0, "started\n", cannotRun + "the limit on processes and threads (ulimit -u; LimitNPROC= in a unit) has no room for 15 more" + goesOn}
			if tt.runs {
				want.errs = ""
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(aftermath{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// SCHED_DEADLINE lets a process make no thread, unless the flag is set that has its children start without it.
func TestSchedDeadline(t *testing.T) {
	requireEntry(t)
	nstest.Root(t)
	chrt := []string{needs.Program(t, "chrt", "util-linux"), "-d", "-T", "5000000", "-D", "10000000", "-P", "10000000", "0"}
	start := []string{binary(t), "-p", "0.0.0.0:" + freePort(t), "--", "/bin/echo", "started"}
	if a := suffer(t, 20*time.Second, append(chrt, "/bin/true")...); a.status != 0 {
		t.Skipf("no SCHED_DEADLINE here: %s", a.errs)
	}
	got := suffer(t, 20*time.Second, append(chrt, start...)...)
	want := aftermath{0, "started\n", cannotRun + "SCHED_DEADLINE (chrt -d) lets no thread be made; chrt --reset-on-fork -d does" + goesOn}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(aftermath{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got = suffer(t, 20*time.Second, append(append([]string{chrt[0], "--reset-on-fork"}, chrt[1:]...), start...)...)
	if diff := cmp.Diff(aftermath{0, "started\n", ""}, got, cmp.AllowUnexported(aftermath{})); diff != "" {
		t.Errorf("reset on fork (-want +got)\n%s", diff)
	}
}

// What a command line asks for is done or left undone, in a world too small for portguard, as far as that can be told.
func TestCommandLinesInASmallWorld(t *testing.T) {
	requireEntry(t)
	nstest.Root(t)
	needs.Program(t, "prlimit", "util-linux")
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	script := write("script", "echo script $1; exit 4\n", 0o755)
	plain := write("plain", "", 0o644)
	setuid := copyOf(t, binary(t))
	if err := os.Chmod(setuid, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	small := cannotRun + lowData
	for _, tt := range []struct {
		name string
		argv []string
		want aftermath
	}{
		{"no COMMAND", []string{"-p", "30010"}, aftermath{71, "", small + "\n"}},
		{"a dry run starts nothing", []string{"--dry-run", "-p", "30010", "--", "/bin/echo", "started"}, aftermath{71, "", small + "\n"}},
		{"help starts nothing", []string{"--help", "--", "/bin/echo", "started"}, aftermath{71, "", small + "\n"}},
		{"another command", []string{"hold", "-p", "30010", "--", "/bin/echo", "started"}, aftermath{71, "", small + "\n"}},
		{"nothing after --", []string{"-p", "30010", "--"}, aftermath{71, "", small + "\n"}},
		{"no such COMMAND in PATH", []string{"-p", "30010", "--", "no-such-command"}, aftermath{127, "", small + goesOn + "portguard: COMMAND not found\n"}},
		{"no such file", []string{"-p", "30010", "--", dir + "/none"}, aftermath{127, "", small + goesOn + "portguard: COMMAND not found\n"}},
		{"a file that is no program", []string{"-p", "30010", "--", plain}, aftermath{126, "", small + goesOn + "portguard: cannot execute COMMAND\n"}},
		{"a script without #!", []string{"-p", "30010", "--", script, "a b"}, aftermath{4, "script a b\n", small + goesOn}},
		{"arguments as they came", []string{"-p", "30010", "--", "printf", "<%s>", "", "--", "--dry-run"}, aftermath{0, "<><--><--dry-run>", small + goesOn}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			world := []string{"prlimit", fmt.Sprintf("--data=%d", 40<<20), binary(t)}
			got := suffer(t, 20*time.Second, append(world, tt.argv...)...)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(aftermath{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	t.Run("a set-user-ID portguard starts nothing as its owner", func(t *testing.T) {
		argv := append(asNobody(), "prlimit", fmt.Sprintf("--data=%d", 40<<20), setuid, "-p", "30010", "--", "id", "-u")
		got := suffer(t, 20*time.Second, argv...)
		if diff := cmp.Diff(aftermath{71, "", small + "\n"}, got, cmp.AllowUnexported(aftermath{})); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
	t.Run("a service finds itself as without portguard", func(t *testing.T) {
		service := []string{"sh", "-c", "grep -E '^(Sig[BIC]|Cap|NoNew|Seccomp:|Umask)' /proc/self/status; cat /proc/self/limits; ls /proc/self/fd; env"}
		world := []string{"prlimit", fmt.Sprintf("--data=%d", 40<<20)}
		alone := suffer(t, 20*time.Second, append(world, service...)...)
		guarded := suffer(t, 20*time.Second, append(append(world, binary(t), "-p", "30010", "--"), service...)...)
		if diff := cmp.Diff(alone.out, guarded.out); diff != "" {
			t.Errorf("(-alone +guarded)\n%s", diff)
		}
	})
}

// The program has little memory that begins as zeros, which the kernel gives it before it runs: under a limit that does not allow that
// it is ended by SIGSEGV. crypto/rand alone brings along 32 MiB of it.
func TestZeroedMemoryIsSmall(t *testing.T) {
	f, err := elf.Open(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zeroed := uint64(0)
	for _, segment := range f.Progs {
		if segment.Type == elf.PT_LOAD {
			zeroed += segment.Memsz - segment.Filesz
		}
	}
	if zeroed > 1<<20 {
		t.Errorf("%d bytes: go tool nm -size -sort size tells whose they are", zeroed)
	}
}
