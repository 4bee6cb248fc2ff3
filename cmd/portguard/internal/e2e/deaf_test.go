package e2e

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fill writes to a datagram socket that nobody reads, until there is no room for a message of anybody's.
func fill(t *testing.T, path string) {
	t.Helper()
	for range 256 {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) }) // what it has sent counts for it until it is read
		if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
			t.Fatal(err)
		}
		for sent := 0; ; sent++ {
			err := unix.Send(fd, []byte("MESSAGE=x\n"), 0)
			if errors.Is(err, unix.EAGAIN) && sent == 0 {
				return
			}
			if errors.Is(err, unix.EAGAIN) { // this sender may have no more on its way
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Fatal("the queue does not fill")
}

// deafManager is a NOTIFY_SOCKET that nobody reads, and that has no room any more.
func deafManager(t *testing.T) (environ []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fill(t, path)
	return append(os.Environ(), "NOTIFY_SOCKET="+path)
}

// A manager that does not listen keeps nobody from starting, from starting again, from holding, or from ending.
func TestDeafManager(t *testing.T) {
	t.Parallel() // with ports of its own
	run := func(t *testing.T, args ...string) *actor {
		cmd := exec.Command(binary(t), args...)
		cmd.Env = deafManager(t)
		return launchCommand(t, cmd)
	}
	says := func(t *testing.T, p *actor, what string) {
		t.Helper()
		eventually(t, 10*time.Second, "it says "+what, func() bool { return strings.Contains(p.errs.String(), what) })
	}
	t.Run("wait", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:40221")
		if err != nil {
			t.Fatal(err)
		}
		p := run(t, "--wait", "1m", "-p", "40221", "--", "echo", "the service")
		says(t, p, "waiting for up to")
		time.Sleep(1500 * time.Millisecond) // and tells the manager so, once more
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		p.expect(t, "the service")
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s from the free port to the start", took)
		}
	})
	t.Run("wait, and a signal", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:40222")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		p := run(t, "--wait", "1m", "-p", "40222", "--", "true")
		says(t, p, "waiting for up to")
		p.stop(t, unix.SIGTERM)
		says(t, p, "ended by SIGTERM; the command was not started")
	})
	t.Run("restart", func(t *testing.T) {
		p := run(t, "-q", "--restart", "always", "--restart-delay", "0s", "--restart-limit", "none", "-p", "40223", "--", "sh", "-c", "echo run; exit 1")
		for range 30 {
			p.expect(t, "run")
		}
		p.stop(t, unix.SIGTERM)
	})
	t.Run("hold", func(t *testing.T) {
		p := run(t, "hold", "-p", "40224")
		says(t, p, "holding 1 port")
		p.stop(t, unix.SIGTERM)
	})
}

// journald may be stopped, or stuck on its disk. A service whose guard has something to say starts all the same, and what was
// said is not lost.
func (r systemdRig) testDeafJournal(t *testing.T) {
	r.hold(t, "lodger", "-from 40070")
	r.service(t, "quiet", "Type=exec", "TimeoutStartSec=30",
		"ExecStartPre=+/usr/local/bin/portguard -p 40070 --share", "ExecStart=/usr/local/bin/witness -listen 40070")
	r.Shell(t, "systemctl kill -s STOP systemd-journald")
	t.Cleanup(func() { r.Shell(t, "systemctl kill -s CONT systemd-journald; systemctl stop quiet") })
	fill(t, r.Path("/run/systemd/journal/socket"))
	began := time.Now()
	r.Shell(t, "systemctl start quiet")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the start took %s", took)
	}
	r.Shell(t, "systemctl kill -s CONT systemd-journald")
	const said = "set SO_REUSEADDR"
	if log := r.Shell(t, "journalctl --sync; journalctl -b -o cat -u quiet"); !strings.Contains(log, said) {
		t.Errorf("the journal does not say %q:\n%s", said, log)
	}
}
