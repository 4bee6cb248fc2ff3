package notify

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/internal/environ"
	"portguard/systemd"
)

// manager is the socket of a service manager, with what comes in.
type manager struct {
	conn *net.UnixConn
	path string
}

func listenAsManager(t *testing.T) manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := wantSender(conn); err != nil {
		t.Fatal(err)
	}
	return manager{conn, path}
}

// next is the next message; "" when none comes for that long.
func (m manager) next(t *testing.T, patience time.Duration) (text string, got message) {
	t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	got, err := newInbox().read(m.conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", message{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(got.text), got
}

// soon is long enough for a message that comes, shortly for one that should not.
const (
	soon    = 5 * time.Second
	shortly = 100 * time.Millisecond
)

func (m manager) expect(t *testing.T, want string) message {
	t.Helper()
	text, got := m.next(t, soon)
	if text != want {
		t.Fatalf("the manager got %q, want %q", text, want)
	}
	return got
}

func (m manager) expectNothing(t *testing.T) {
	t.Helper()
	if text, _ := m.next(t, shortly); text != "" {
		t.Fatalf("the manager got %q, want nothing", text)
	}
}

// proxyTo starts a proxy to the manager, and returns the address that the service is given.
func proxyTo(t *testing.T, m manager, env ...string) (n *Proxy, address string) {
	t.Helper()
	env = append(env, "NOTIFY_SOCKET="+m.path)
	n, err := Listen(env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n, environ.Get(n.Environ(env), "NOTIFY_SOCKET")
}

// tell sends a message as this process, which a proxy takes for the service's.
func tell(t *testing.T, to, text string, fds ...int) {
	t.Helper()
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	until := time.Now().Add(soon)
	err := systemd.Post(to, []byte(text), rights, until)
	for errors.Is(err, unix.EMFILE) && time.Now().Before(until) { // the proxy is in the same process and has the last one's
		time.Sleep(time.Millisecond)
		err = systemd.Post(to, []byte(text), rights, until)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestWithoutAManagerNothingIsMade(t *testing.T) {
	for _, environ := range [][]string{nil, {"A=1"}, {"NOTIFY_SOCKET="}, {"NOTIFY_SOCKET=vsock:2:1"}, {"XNOTIFY_SOCKET=/run/notify"}} {
		before := openFDs(t)
		n, err := Listen(environ)
		if n != nil || err != nil || openFDs(t) != before {
			t.Errorf("%q: got %v, %v", environ, n, err)
		}
		if diff := cmp.Diff(environ, n.Environ(environ)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		n.Begun(1, 1, 0) // none of these may need one
		n.Stopping()
		n.Ended()
		n.Close()
		if n.Ends(unix.SIGABRT) {
			t.Error("SIGABRT is no end without a watchdog")
		}
	}
}

func TestOnlyTheSocketIsAnother(t *testing.T) {
	m := listenAsManager(t)
	n, address := proxyTo(t, m)
	if !strings.HasPrefix(address, "@portguard-notify-") {
		t.Errorf("the service is given %q", address)
	}
	before := []string{"B=1", "NOTIFY_SOCKET=" + m.path, "no sign", "A=2\xff", "B=3", "WATCHDOG_USEC=1", "", "XNOTIFY_SOCKET=" + m.path}
	want := append([]string(nil), before...)
	want[1] = "NOTIFY_SOCKET=" + address
	if diff := cmp.Diff(want, n.Environ(before)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMessagesGoOnAsOurs(t *testing.T) {
	m := listenAsManager(t)
	_, service := proxyTo(t, m)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	tell(t, service, "MAINPID=7\nREADY=1\nBARRIER=1", int(w.Fd()))
	_ = w.Close() // the last but the one that is under way
	got := m.expect(t, "READY=1\nBARRIER=1")
	if got.sender != os.Getpid() || len(got.fds) != 1 {
		t.Errorf("from %d with descriptors %v", got.sender, got.fds)
	}
	got.close()
	// The end of the pipe is closed once the manager has closed its: it does what BARRIER=1 is for.
	if err := r.SetReadDeadline(time.Now().Add(soon)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the barrier stays up: %v", err)
	}
}

func TestWhatCannotBePassedOnIsDropped(t *testing.T) {
	m := listenAsManager(t)
	_, service := proxyTo(t, m)
	before := openFDs(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	tell(t, service, "", int(null.Fd()))
	tell(t, service, "MAINPID=7", int(null.Fd()))
	tell(t, service, "STOPPING=1", int(null.Fd()))
	tell(t, service, "STATUS="+strings.Repeat("x", maxMessage), int(null.Fd()))
	tell(t, service, "\xff\x00\x80")
	m.expect(t, "\xff\x00\x80") // systemd says itself what is wrong with it
	m.expectNothing(t)
	if now := openFDs(t); now != before+1 {
		t.Errorf("%d descriptors are open, %d were", now, before+1)
	}
}

// Whatever a service sends, it cannot fill the descriptor table of the one who restarts it.
func TestAFloodOfDescriptors(t *testing.T) {
	m := listenAsManager(t)
	_, service := proxyTo(t, m)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	many := make([]int, maxFDs)
	for i := range many {
		many[i] = int(null.Fd())
	}
	before := openFDs(t)
	for range 20 {
		tell(t, service, "FDSTORE=1", many...)
		got := m.expect(t, "FDSTORE=1")
		if len(got.fds) != maxFDs {
			t.Errorf("%d descriptors arrive, want %d", len(got.fds), maxFDs)
		}
		got.close()
	}
	// A table with room for ten more: such a message is not passed on in part.
	awaitFDs(t, before) // the proxy, which shares it, may be closing the last one's still
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	room, err := unix.Dup(int(null.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(room)
	small := limit
	small.Cur = uint64(room + 10)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &small); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	for range 20 {
		tell(t, service, "FDSTORE=1", many[:20]...)
		tell(t, service, "READY=1")
		m.expect(t, "READY=1")
	}
	awaitFDs(t, before)
}

// awaitFDs waits until no more descriptors are open than were.
func awaitFDs(t *testing.T, were int) {
	t.Helper()
	for deadline := time.Now().Add(soon); openFDs(t) > were; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors are open, %d were", openFDs(t), were)
		}
	}
}

func TestWhatWasSaidGoesFirst(t *testing.T) {
	m := listenAsManager(t)
	n, service := proxyTo(t, m)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			tell(t, service, fmt.Sprint("STATUS=", i))
		}
		n.Ended()
		n.Stopping()
		n.Stopping() // is said once
	}()
	for i := range 200 {
		m.expect(t, fmt.Sprint("STATUS=", i))
	}
	m.expect(t, "STOPPING=1")
	<-done
	tell(t, service, "STOPPING=1\nSTATUS=bye")
	m.expect(t, "STOPPING=1\nSTATUS=bye")
	n.Close()
	if systemd.Post(service, []byte("STATUS=late"), nil, time.Now().Add(soon)) == nil {
		t.Error("the socket is still there")
	}
	m.expectNothing(t)
}

// A manager that does not read has the service wait, as it would without us, and keeps us from nothing.
func TestADeafManager(t *testing.T) {
	m := listenAsManager(t)
	n, service := proxyTo(t, m)
	sent := 0
	for systemd.Post(service, []byte("STATUS=x"), nil, time.Now().Add(shortly)) == nil {
		sent++
	}
	began := time.Now()
	n.Stopping()
	n.Ended()
	if took := time.Since(began); took > 10*deaf {
		t.Errorf("it keeps us for %s", took)
	}
	for range sent {
		m.expect(t, "STATUS=x")
	}
}

func openFDs(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
