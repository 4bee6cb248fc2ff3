package systemd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"portguard/systemd/rigtest"
)

// connect reaches the systemd of the rig.
func connect(t *testing.T) (context.Context, *Manager) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	m, err := Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return ctx, m
}

// unit writes a file below /etc/systemd/system.
func unit(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("/etc/systemd/system", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestManager(t *testing.T) {
	if !rigtest.Inside(t) {
		return
	}
	ctx, m := connect(t)

	t.Run("what it knows of a service", func(t *testing.T) {
		unit(t, "web.service", `[Service]
User=nobody
KillMode=mixed
Delegate=yes
ExecStartPre=/bin/true
ExecStart=-/bin/sh -c "exec sleep 1000" $A %n
TimeoutStartSec=5
Restart=on-failure
SuccessExitStatus=75 69 SIGKILL
FileDescriptorStoreMax=3
PrivateTmp=yes
ProtectHome=tmpfs
LimitNOFILE=1000
LimitNPROC=900
`)
		unit(t, "web.service.d/a.conf", "[Service]\nNotifyAccess=exec\n")
		unit(t, "web.socket", "[Socket]\nListenStream=127.0.0.1:7001\nListenDatagram=[::]:7002\nListenStream=/run/web\n")
		if err := m.Reload(ctx); err != nil {
			t.Fatal(err)
		}
		// A socket unit that is not in use, such as one that is not enabled, triggers nothing.
		if err := restart(ctx, m, "web.socket"); err != nil {
			t.Fatal(err)
		}
		got, err := m.Service(ctx, "web.service")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(got.After, "web.socket") {
			t.Errorf("it comes after %q", got.After)
		}
		got.After = nil // most of it hangs on the release of systemd
		want := Service{
			Name:         "web.service",
			Names:        []string{"web.service"},
			LoadState:    "loaded",
			ActiveState:  "inactive",
			SubState:     "dead",
			FragmentPath: "/etc/systemd/system/web.service",
			DropInPaths:  []string{"/etc/systemd/system/web.service.d/a.conf"},
			ExecStart:    []Exec{{"/bin/sh", []string{"/bin/sh", "-c", "exec sleep 1000", "$A", "web.service"}}},
			ExecStartPre: []Exec{{"/bin/true", []string{"/bin/true"}}},
			Type:         "simple",
			User:         "nobody",
			NotifyAccess: "exec",
			FDStoreMax:   3,
			TriggeredBy:  []string{"web.socket"},
			Sandbox: Sandbox{
				ProtectHome: "tmpfs", PrivateTmp: true,
				Limits: Limits{Files: 1000, Processes: 900},
			},
			RestartDelay: 100 * time.Millisecond,
			StartLimit:   StartLimit{Burst: 5, Interval: 10 * time.Second},
			TimeoutStart: 5 * time.Second,
			Restart:      "on-failure",
			KillMode:     "mixed",
			Delegate:     true,

			SuccessStatuses: []int{69, 75},
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		listens, err := m.Listens(ctx, "web.socket")
		if err != nil {
			t.Fatal(err)
		}
		wantListens := []Listen{{"Stream", "127.0.0.1:7001"}, {"Datagram", "[::]:7002"}, {"Stream", "/run/web"}}
		if diff := cmp.Diff(wantListens, listens); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})

	t.Run("what a service sees and may do", func(t *testing.T) {
		unit(t, "boxed.service", `[Unit]
StartLimitBurst=3
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/true
RestartSec=infinity
RootDirectory=/srv
RootDirectoryStartOnly=yes
ProtectHome=read-only
TemporaryFileSystem=/opt:ro /mnt
BindPaths=/srv:/mnt/x:norbind
BindReadOnlyPaths=-/rig
MountImages=/x.raw:/y
InaccessiblePaths=-/usr/local +/z
NoExecPaths=/
ExecPaths=/usr/bin
SystemCallFilter=~kcmp:EPERM pidfd_getfd
SystemCallErrorNumber=EACCES
LimitAS=1G
LimitDATA=2G:3G
LimitNOFILE=7
LimitNPROC=9
`)
		if err := m.Reload(ctx); err != nil {
			t.Fatal(err)
		}
		s, err := m.Service(ctx, "boxed.service")
		if err != nil {
			t.Fatal(err)
		}
		want := Sandbox{
			RootDirectory: "/srv", RootDirectoryStartOnly: true,
			ProtectHome:         "read-only",
			TemporaryFileSystem: []string{"/opt", "/mnt"},
			Binds:               []Bind{{"/srv", "/mnt/x"}, {"/rig", "/rig"}},
			MountImages:         []string{"/y"},
			InaccessiblePaths:   []string{"-/usr/local", "+/z"},
			NoExecPaths:         []string{"/"},
			ExecPaths:           []string{"/usr/bin"},
			SystemCalls:         CallFilter{Calls: []string{"kcmp:EPERM", "pidfd_getfd"}, Errno: true},
			Limits:              Limits{AddressSpace: 1 << 30, Data: 2 << 30, Files: 7, Processes: 9},
		}
		slices.Sort(s.SystemCalls.Calls)
		if diff := cmp.Diff(want, s.Sandbox); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if s.StartLimit != (StartLimit{Burst: 3}) || s.RestartDelay != 0 {
			t.Errorf("start limit %+v, restart after %s", s.StartLimit, s.RestartDelay)
		}
	})

	t.Run("names that load nothing", func(t *testing.T) {
		if err := os.Symlink("/dev/null", "/etc/systemd/system/no.service"); err != nil {
			t.Fatal(err)
		}
		unit(t, "bad.service", "[Service]\nExecStart=relative/path\n")
		if err := m.Reload(ctx); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, name := range []string{"no.service", "none.service", "bad.service"} {
			s, err := m.Service(ctx, name)
			if err != nil {
				t.Fatal(err)
			}
			got[name] = s.LoadState
		}
		want := map[string]string{"no.service": "masked", "none.service": "not-found", "bad.service": "bad-setting"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})

	t.Run("a job is over when it is done", func(t *testing.T) {
		if err := restart(ctx, m, "web.service"); err != nil {
			t.Fatal(err)
		}
		before, err := m.Service(ctx, "web.service")
		if err != nil {
			t.Fatal(err)
		}
		if err := restart(ctx, m, "web.service"); err != nil {
			t.Fatal(err)
		}
		after, err := m.Service(ctx, "web.service")
		if err != nil {
			t.Fatal(err)
		}
		if after.ActiveState != "active" || after.MainPID == 0 || after.MainPID == before.MainPID || after.ControlGroup != "/system.slice/web.service" {
			t.Errorf("after the restart: %+v, before: pid %d", after, before.MainPID)
		}
		systemctl(t, "stop", "web.service")
		if s, err := m.Service(ctx, "web.service"); err != nil || s.MainPID != 0 {
			t.Errorf("after the stop: pid %d, %v", s.MainPID, err)
		}
	})

	t.Run("a job that fails says how", func(t *testing.T) {
		unit(t, "fails.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n")
		if err := m.Reload(ctx); err != nil {
			t.Fatal(err)
		}
		var job *JobError
		if err := restart(ctx, m, "fails.service"); !errors.As(err, &job) {
			t.Fatalf("got %v, want a *JobError", err)
		}
		if diff := cmp.Diff(&JobError{"restart", "fails.service", "failed"}, job); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		var refused *Error
		if err := restart(ctx, m, "none.service"); !errors.As(err, &refused) {
			t.Errorf("a unit that does not exist: %v, want an *Error", err)
		}
	})

	t.Run("a job need not be waited for", func(t *testing.T) {
		unit(t, "slow.service", "[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\n")
		if err := m.Reload(ctx); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		if err := restart(short, m, "slow.service"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		queued := func(want string) {
			t.Helper()
			if got, err := m.Queued(ctx, "slow.service"); err != nil || got != want {
				t.Errorf("queued is %q, %v, want %q", got, err, want)
			}
		}
		queued("start")
		systemctl(t, "stop", "slow.service")
		queued("")
		if _, err := m.Service(ctx, "slow.service"); err != nil {
			t.Errorf("the connection is of no use any more: %v", err)
		}
	})

	t.Run("an ordinary user may look but not touch", func(t *testing.T) {
		cmd := exec.Command(os.Args[0])
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		cmd.Env = append(os.Environ(), asEnv+"=user")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})

	t.Run("without systemd", func(t *testing.T) {
		cmd := exec.Command("unshare", "--mount", "sh", "-c", "mount -t tmpfs none /run && exec /rig/rig.test")
		cmd.Env = append(os.Environ(), asEnv+"=absent")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})

	t.Run("root needs no bus", func(t *testing.T) {
		if err := os.Remove("/run/dbus/system_bus_socket"); err != nil {
			t.Fatal(err)
		}
		ctx, m := connect(t)
		s, err := m.Service(ctx, "fails.service")
		if err != nil || s.LoadState != "loaded" {
			t.Errorf("%+v, %v", s, err)
		}
		var job *JobError
		if err := restart(ctx, m, "fails.service"); !errors.As(err, &job) {
			t.Errorf("got %v, want the failure of the job", err)
		}
	})
}

// restart waits until the unit is up again.
func restart(ctx context.Context, m *Manager, unit string) error {
	job, err := m.Restart(ctx, unit)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		if ended, err := job.Ended(); ended {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return ctx.Err()
}

func systemctl(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("systemctl", args...).CombinedOutput(); err != nil {
		t.Fatalf("systemctl %v: %v\n%s", args, err, out)
	}
}

// asEnv makes the test program one of the parts of TestManager that need a process of their own.
const asEnv = "PORTGUARD_TEST_AS"

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(asEnv) {
	case "user":
		err = asUser()
	case "absent":
		if _, err = Connect(context.Background()); errors.Is(err, Absent) {
			err = nil
		} else {
			err = fmt.Errorf("got %v, want Absent", err)
		}
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func asUser() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	m, err := Connect(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	if s, err := m.Service(ctx, "web.service"); err != nil || s.LoadState != "loaded" {
		return fmt.Errorf("look: %+v, %v", s, err)
	}
	for name, err := range map[string]error{"reload": m.Reload(ctx), "restart": restart(ctx, m, "web.service")} {
		if !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%s: %v, want fs.ErrPermission", name, err)
		}
	}
	return nil
}
