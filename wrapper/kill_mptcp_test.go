package wrapper

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/wrapper/decide"
)

// The TCP connection under an MPTCP socket outlives its process for as long as the peer likes, and then leaves TIME_WAIT.
func TestKillOfMPTCP(t *testing.T) {
	const alice = 64001
	reuseNo := tcp(0)
	reuseNo.ReuseAddr = netdiag.ReuseNo
	for i, tt := range []struct {
		name    string
		hold    func(*testing.T, uint16) *holders.Holder
		service netdiag.Endpoint
		user    uint32 // 0: root
	}{
		{"a client whose port the kernel picked", mptcpClient(false), tcp(0), 0},
		{"a client that asked for its port", mptcpClient(true), tcp(0), 0},
		{"a server's end, and a service without SO_REUSEADDR", mptcpServer, reuseNo, 0},
		{"a client, by an ordinary user", mptcpClient(false), tcp(0), alice},
		{"a client that asked for its port, by an ordinary user", mptcpClient(true), tcp(0), alice},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := uint16(21100 + i)
			h := tt.hold(t, port)
			var attr *syscall.SysProcAttr
			if tt.user != 0 {
				nstest.Root(t) // to become that user
				attr = as(tt.user)
			}
			victim := victims(t, h, attr, obeys)[0]
			policy := decide.Policy{Kill: true, Grace: 10 * time.Second}
			var got []result
			if tt.service.Port = port; tt.user == 0 {
				got = run(t, policy, tt.service)
			} else {
				got = runAs(t, tt.user, policy, port)
			}
			want := []result{{"free", "kill", false, []string{"kill done: sent SIGTERM to pid N (victim), which has ended"}}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if sig := victim.endedBy(t); sig != 0 {
				t.Errorf("it was ended by %v, and would have ended by itself", sig)
			}
			checkBindable(t, port)
		})
	}
	t.Run("data on its way is delivered first", func(t *testing.T) {
		const port = 21110
		h := mptcpClient(false)(t, port)
		if _, err := unix.Write(h.FD, []byte("last words")); err != nil {
			t.Fatal(err)
		}
		victims(t, h, nil, obeys)
		if got := run(t, decide.Policy{Kill: true, Grace: 10 * time.Second}, tcp(port)); got[0].Verdict != "free" {
			t.Errorf("got %+v", got)
		}
		var buf [64]byte
		if n, err := unix.Read(h.Peer, buf[:]); err != nil || string(buf[:n]) != "last words" {
			t.Errorf("the peer reads %q, %v", buf[:max(n, 0)], err)
		}
	})
	t.Run("what an ended process has left", func(t *testing.T) {
		const port = 21111
		h := mptcpClient(true)(t, port)
		if err := unix.Close(h.FD); err != nil {
			t.Fatal(err)
		}
		got := run(t, decide.Policy{Kill: true}, tcp(port))
		if got[0].Verdict != "free" || got[0].By != "kill" {
			t.Errorf("got %+v", got)
		}
		checkBindable(t, port)
	})
}

// mptcpClient makes a connection from the port, which its program has asked for or the kernel has picked.
func mptcpClient(named bool) func(*testing.T, uint16) *holders.Holder {
	return func(t *testing.T, port uint16) *holders.Holder {
		t.Helper()
		near := uint16(0)
		if named {
			near = port
		} else {
			nstest.SetRange(t, port, port)
		}
		client, server := mptcpPair(t, near, 0)
		t.Cleanup(func() { unix.Close(server) })
		return &holders.Holder{FD: client, Peer: server}
	}
}

// mptcpServer makes the server's end of a connection to the port. Its listener is gone.
func mptcpServer(t *testing.T, port uint16) *holders.Holder {
	t.Helper()
	client, server := mptcpPair(t, 0, port)
	t.Cleanup(func() { unix.Close(client) })
	return &holders.Holder{FD: server, Peer: client}
}

// mptcpPair connects two ends on loopback; 0 is a port that the kernel picks.
func mptcpPair(t *testing.T, near, far uint16) (client, server int) {
	t.Helper()
	listener, client := holders.MPTCP(t), holders.MPTCP(t)
	defer unix.Close(listener)
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	if far == 0 {
		far = 7100 // not of the range, which may have room for the client alone
	}
	must(unix.SetsockoptInt(listener, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		unix.Bind(listener, &unix.SockaddrInet4{Addr: loopback.As4(), Port: int(far)}), unix.Listen(listener, 1))
	if near != 0 {
		must(unix.Bind(client, &unix.SockaddrInet4{Addr: loopback.As4(), Port: int(near)}))
	}
	must(unix.Connect(client, &unix.SockaddrInet4{Addr: loopback.As4(), Port: int(far)}))
	server, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	must(err)
	return client, server
}

// After an act the report is about who is there then.
func TestReportAfterAnActIsAboutWhoIsThereThen(t *testing.T) {
	const port = 21112
	rig := holders.New(t)
	victim := victims(t, rig.Hold(t, port, listening), nil, obeys)[0]
	g := hasty(New(decide.Policy{}, nil))
	defer g.Close()
	r, err := g.Run(t.Context(), []netdiag.Endpoint{tcp(port)})
	if err != nil {
		t.Fatal(err)
	}
	o := &r.Outcomes[0]
	o.add(Action{decide.Kill, &o.Holders[0], decide.Failed, "as if it had not ended in time"})
	if err := victim.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	victim.endedBy(t)
	next := victims(t, rig.Hold(t, port, listening), nil, obeys)[0]
	g.lookAfter(t.Context(), r)
	if len(o.Holders) != 1 || len(o.Holders[0].Owners) != 1 || o.Holders[0].Owners[0].PID != next.cmd.Process.Pid {
		t.Errorf("the holders are %+v, want process %d", o.Holders, next.cmd.Process.Pid)
	}
	if told := o.Told(); len(told) != 2 || told[1] != o.Actions[0].Holder {
		t.Errorf("told are %+v, want the one who was acted on as well", told)
	}
	if err := next.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	next.endedBy(t)
	g.lookAfter(t.Context(), r)
	defer r.Release()
	if o.Trial.Verdict != netdiag.Free || o.By != decide.Kill {
		t.Errorf("%s by %s, want free by kill", o.Trial.Verdict, o.By)
	}
}
