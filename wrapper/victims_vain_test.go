package wrapper

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/pidfd"
	"portguard/wrapper/decide"
)

// startingServer lets a server listen while a rung looks at its bound socket. When it does not, the socket is shared.
func startingServer(w *world) func(bool) {
	k := w.keeper()
	return func(swap bool) {
		port := w.next()
		h := w.rig.Hold(w.T, port, starting)
		k.put(h.FD)
		h.CloseFD()
		p := []decide.Policy{{Share: true}, {Close: true}, {Kill: true, Grace: time.Second}}[w.IntN(3)]
		if !swap {
			p = decide.Policy{Share: true}
		}
		g := New(p, nil)
		defer g.Close()
		g.patience = patience{idle: time.Millisecond, look: time.Millisecond}
		if swap {
			g.patience.idle = time.Minute
		}
		ran := make(chan struct{})
		go func() {
			defer close(ran)
			r, err := g.Run(w.Context(), []netdiag.Endpoint{tcp(port)})
			r.Release()
			if err != nil {
				w.Error(err)
			}
		}()
		if !swap {
			<-ran
			if err := w.shared(k.pid, kept); err != nil {
				w.Error(err)
			}
			k.letGo()
			return
		}
		w.moment()
		server, err := pidfd.GetFD(k.pid, 0, kept)
		if err == nil {
			err = errors.Join(unix.Listen(server, 1), unix.Close(server))
		}
		if err != nil {
			w.Fatalf("the server's listen(): %v", err)
		}
		<-ran
		if w.shared(k.pid, kept) == nil {
			w.Error("SO_REUSEADDR is set on the server's socket")
		}
		k.mustBe("", "the server")
		k.letGo()
	}
}

// selfConnected is a client that has connected to itself. It is not shared, and when it may be it is cut.
func selfConnected(w *world) func(bool) {
	k := w.keeper()
	return func(swap bool) {
		port := w.next()
		fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: loopback}.Bind(port)
		if err != nil {
			w.Fatal(err)
		}
		if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: loopback.As4(), Port: int(port)}); err != nil {
			w.Fatal(err)
		}
		k.put(fd)
		if !swap {
			unix.Close(fd)
			w.freed(decide.Policy{Share: true, Close: true}, port)
			k.letGo()
			return
		}
		unix.Close(fd)
		w.leaves(decide.Policy{Share: true}, port)
		if w.shared(k.pid, kept) == nil {
			w.Error("SO_REUSEADDR is set on the connection")
		}
		k.mustBe("", "its process")
		w.freed(decide.Policy{Close: true}, port)
		k.letGo()
	}
}

// boundMPTCP is an MPTCP client that keeps its port when its connection is cut, so that it is not. One that does not is.
func boundMPTCP(w *world) func(bool) {
	k := w.keeper()
	return func(swap bool) {
		h := mptcpClient(swap)(w.T, w.next())
		k.put(h.FD)
		unix.Close(h.FD)
		if !swap {
			w.freed(decide.Policy{Close: true}, w.port)
			k.letGo()
			return
		}
		w.leaves(decide.Policy{Share: true, Close: true}, w.port)
		client, err := pidfd.GetFD(k.pid, 0, kept)
		if err != nil {
			w.Fatal(err)
		}
		w.carries(client, h.Peer)
		unix.Close(client)
		k.mustBe("", "its process")
		k.letGo()
		w.freed(decide.Policy{Kill: true}, w.port) // what it leaves
	}
}

// freed runs rungs that get the port.
func (w *world) freed(p decide.Policy, port uint16) {
	w.Helper()
	if got := run(w.T, p, tcp(port))[0]; got.Verdict != "free" {
		w.Errorf("got %+v", got)
	}
}

// leaves runs rungs that do not.
func (w *world) leaves(p decide.Policy, port uint16) {
	w.Helper()
	if got := run(w.T, p, tcp(port))[0]; got.Verdict != "taken" {
		w.Errorf("got %+v", got)
	}
}
