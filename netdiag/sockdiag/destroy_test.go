package sockdiag

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// destroy skips the test on a kernel that was built without it.
func destroy(t *testing.T, s Socket) {
	t.Helper()
	err := dial(t).Destroy(t.Context(), s)
	if errors.Is(err, ErrUnsupported) {
		t.Skip("this kernel cannot destroy it (needs CONFIG_INET_DIAG_DESTROY, and Linux 6.0 for remains)")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func canBind(t *testing.T, address string) bool {
	t.Helper()
	fd := tcp4(t)
	err := unix.Bind(fd, sockaddr(address))
	closeNow(t, fd)
	if err != nil && !errors.Is(err, unix.EADDRINUSE) {
		t.Fatal(err)
	}
	return err == nil
}

func TestDestroyFreesThePortOf(t *testing.T) {
	for _, tt := range []struct {
		name  string
		state State
		make  func(t *testing.T)
	}{
		{"a connection", Established, func(t *testing.T) { connected(t, 30200, 7003) }},
		{"remains", TimeWait, func(t *testing.T) {
			client, accepted := connected(t, 30200, 7004)
			closeNow(t, client)
			closeNow(t, accepted)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.make(t)
			s := one(t, tcpOn(30200))
			if s.State != tt.state {
				t.Fatalf("state %s, want %s", s.State, tt.state)
			}
			if canBind(t, "0.0.0.0:30200") {
				t.Fatal("the port is free already")
			}
			destroy(t, s)
			if !canBind(t, "0.0.0.0:30200") {
				t.Error("the port is still taken")
			}
			if err := dial(t).Destroy(t.Context(), s); !errors.Is(err, ErrGone) || !errors.Is(err, unix.ENOENT) {
				t.Errorf("once more: %v, want %v", err, ErrGone)
			}
		})
	}
}

func TestDestroyIPv4ConnectionOfIPv6Socket(t *testing.T) {
	listen(t, reuseAddr(t, tcp4(t)), "127.0.0.1:7005")
	nstest.SetRange(t, 30201, 30201)
	connect(t, tcp6(t), "[::ffff:127.0.0.1]:7005")
	destroy(t, one(t, tcpOn(30201)))
	if !canBind(t, "0.0.0.0:30201") {
		t.Error("the port is still taken")
	}
}

func TestDestroyRefusesAnothersCookie(t *testing.T) {
	client, _ := connected(t, 30202, 7006)
	s := one(t, tcpOn(30202))
	other := s
	other.Cookie++
	if err := dial(t).Destroy(t.Context(), other); !errors.Is(err, ErrGone) && !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("got %v, want %v", err, ErrGone)
	}
	if _, err := unix.Write(client, []byte("still here")); err != nil {
		t.Errorf("the connection was hit: %v", err)
	}
}

// A listener, or a client that asked for its port, goes on holding it: the kernel lists it as bound and idle.
func TestDestroyedSocketMayKeepItsPort(t *testing.T) {
	needBoundInactive(t)
	listen(t, tcp4(t), "127.0.0.1:30203")
	was := one(t, tcpOn(30203))
	destroy(t, was)
	is := one(t, tcpOn(30203))
	if is.Cookie != was.Cookie || is.State != Close {
		t.Errorf("afterwards: state %s, cookie %x; want %s, %x", is.State, is.Cookie, Close, was.Cookie)
	}
	err := dial(t).Destroy(t.Context(), is)
	if !errors.Is(err, ErrUnsupported) || errors.Is(err, ErrGone) {
		t.Errorf("a second time: %v, want %v", err, ErrUnsupported)
	}
}

func TestDestroyUDP(t *testing.T) {
	nstest.SetRange(t, 30204, 30204)
	connect(t, udp4(t), "127.0.0.1:7000")
	q := Query{Protocol: udpProto, Ports: port(30204)}
	destroy(t, one(t, q))
	if left := dump(t, q); len(left) != 0 {
		t.Errorf("still there: %+v", left)
	}
}

func TestAllButDestroyNeedsNoPrivilege(t *testing.T) {
	connected(t, 30205, 7007)
	want := one(t, tcpOn(30205))
	var got []Socket
	var events *Events
	var dialErr, dumpErr, destroyErr, subscribeErr error
	nstest.As(t, 65534, func() {
		var c *Conn
		if c, dialErr = Dial(); dialErr != nil {
			return
		}
		defer c.Close()
		got, dumpErr = c.Dump(t.Context(), tcpOn(30205))
		destroyErr = c.Destroy(t.Context(), want)
		events, subscribeErr = Subscribe(port(30206))
	})
	if err := errors.Join(dialErr, dumpErr, subscribeErr); err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	collect(t, events, 0) // those of earlier tests
	closeNow(t, bind(t, udp4(t), "127.0.0.1:30206"))
	if n := collect(t, events, 1); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	if diff := sameSockets([]Socket{want}, got); diff != "" {
		t.Errorf("sees (-as root +as nobody):\n%s", diff)
	}
	if errors.Is(destroyErr, unix.EOPNOTSUPP) {
		t.Log("on this kernel: no SOCK_DESTROY (CONFIG_INET_DIAG_DESTROY), whoever asks")
	} else if !errors.Is(destroyErr, unix.EPERM) || !errors.Is(destroyErr, ErrUnsupported) {
		t.Errorf("Destroy: %v, want %v", destroyErr, unix.EPERM)
	}
}
