package systemd

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// reader is a datagram socket that reads when it is told to.
func reader(t *testing.T) (conn *net.UnixConn, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, path
}

func read(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// Whoever does not read keeps us once, and not for long; when he reads again, he gets what is said from then on.
func TestMailboxOfTheDeaf(t *testing.T) {
	conn, path := reader(t)
	m := NotifySocket([]string{"NOTIFY_SOCKET=" + path})
	sent := 0
	began := time.Now()
	for ; m.Send("x") == nil; sent++ {
	}
	if took := time.Since(began); took < patience || took > 4*patience {
		t.Errorf("the first without room waited for %s, want %s", took, patience)
	}
	began = time.Now()
	for range 100 {
		if err := m.Send("lost"); !errors.Is(err, ErrDeaf) {
			t.Fatalf("%v, want ErrDeaf", err)
		}
	}
	if took := time.Since(began); took > patience {
		t.Errorf("100 more waited for %s", took)
	}
	for range sent {
		if got := read(t, conn); got != "x" {
			t.Fatalf("%q was read, want what there was room for", got)
		}
	}
	if err := m.Send("heard"); err != nil {
		t.Error(err)
	}
	if got := read(t, conn); got != "heard" {
		t.Errorf("%q was read", got)
	}
}

// Room that comes while a message waits is taken at once.
func TestMailboxWaitsForRoom(t *testing.T) {
	conn, path := reader(t)
	sent := 0
	for ; Post(path, []byte("x"), nil, time.Now()) == nil; sent++ {
	}
	posted := make(chan error)
	go func() { posted <- Post(path, []byte("last"), nil, time.Time{}) }()
	for range sent {
		read(t, conn)
	}
	if err := <-posted; err != nil {
		t.Error(err)
	}
	if got := read(t, conn); got != "last" {
		t.Errorf("%q was read", got)
	}
}

func TestMailboxPassesDescriptors(t *testing.T) {
	conn, path := reader(t)
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := NotifySocket([]string{"NOTIFY_SOCKET=" + path}).Store("name", int(f.Fd())); err != nil {
		t.Fatal(err)
	}
	text, control := make([]byte, 100), make([]byte, 100)
	n, nc, _, _, err := conn.ReadMsgUnix(text, control)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text[:n]); got != "FDSTORE=1\nFDPOLL=0\nFDNAME=name" {
		t.Errorf("%q", got)
	}
	messages, err := unix.ParseSocketControlMessage(control[:nc])
	if err != nil || len(messages) != 1 {
		t.Fatalf("%v, %v", messages, err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		t.Fatalf("%v, %v", fds, err)
	}
	unix.Close(fds[0])
}

// Where nobody can be told anything, that is an error, at once.
func TestMailboxOfNobody(t *testing.T) {
	if m := NotifySocket([]string{"A=1"}); m != nil || m.Send("x") != nil || m.Store("x", 0) == nil || m.Unstore("x") == nil {
		t.Error("without NOTIFY_SOCKET there is nobody to tell anything, and no store")
	}
	for _, address := range []string{"/nowhere", "@portguard-nowhere", "vsock:2:1", "relative"} {
		if err := NotifySocket([]string{"NOTIFY_SOCKET=" + address}).Send("x"); err == nil || errors.Is(err, ErrDeaf) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
