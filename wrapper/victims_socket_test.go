package wrapper

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/pidfd"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper/decide"
)

// keeper is a process that keeps, as descriptor number kept, the socket that it was sent last.
type keeper struct {
	*stranger
	conn int
}

const kept = 40

// keeper starts one with nothing to keep. It ends with the row.
func (w *world) keeper() *keeper {
	w.Helper()
	k := w.keeperOf(anotherProgram(w.T))
	w.Cleanup(k.end)
	return k
}

func (w *world) keeperOf(program string) *keeper {
	w.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		w.Fatal(err)
	}
	defer unix.Close(pair[1])
	return &keeper{w.spawn(nil, []string{program}, -1, pair[1]), pair[0]}
}

// end may be called more than once.
func (k *keeper) end() {
	if k.conn >= 0 {
		unix.Close(k.conn)
		k.conn = -1
		k.stranger.end()
	}
}

// put replaces the keeper's socket, in one step as dup2() does it.
func (k *keeper) put(fd int) {
	k.w.Helper()
	err := unix.Sendmsg(k.conn, []byte{0}, unix.UnixRights(fd), nil, 0)
	if err == nil {
		_, err = unix.Read(k.conn, make([]byte, 1))
	}
	if err != nil {
		k.w.Fatal(err)
	}
}

// letGo closes the socket that it keeps.
func (k *keeper) letGo() {
	k.w.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		k.w.Fatal(err)
	}
	defer null.Close()
	k.put(int(null.Fd()))
}

// keepAsTold is the keeper's side. It knows of no signal: those that it is sent stay pending.
func keepAsTold() int {
	for buf, rights := make([]byte, 1), make([]byte, 64); ; {
		_, n, _, _, err := unix.Recvmsg(3, buf, rights, unix.MSG_CMSG_CLOEXEC)
		if err != nil || n == 0 {
			return 0
		}
		messages, err := unix.ParseSocketControlMessage(rights[:n])
		if err == nil {
			var fds []int
			if fds, err = unix.ParseUnixRights(&messages[0]); err == nil {
				err = unix.Dup3(fds[0], kept, unix.O_CLOEXEC)
				unix.Close(fds[0])
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		_, _ = unix.Write(3, buf)
	}
}

// descriptorChanges lets a keeper have another connection, on a port of its own or on the same one, where the one was
// that was found.
func descriptorChanges(w *world, act func(*looked), reached func(*holders.Holder, *keeper)) func(bool) {
	k := w.keeper()
	return func(swap bool) {
		h, end := w.holder()
		defer end()
		k.put(h.FD)
		h.CloseFD()
		l := w.look(decide.Policy{})
		if !swap {
			act(l)
			reached(h, k)
			k.end()
			k = w.keeper()
			return
		}
		port := w.port
		if w.IntN(2) == 0 {
			port += apart
		}
		other, endOther := w.holderOn(port)
		defer endOther()
		k.put(other.FD)
		act(l)
		w.intact(other.FD, other.Peer)
		k.mustBe("", "its process")
	}
}

func descriptorShared(w *world) func(bool) {
	return descriptorChanges(w, func(l *looked) {
		defer l.Close()
		_, _ = l.shareOne(w.Context(), l.one())
	}, func(_ *holders.Holder, k *keeper) {
		if err := w.shared(k.pid, kept); err != nil {
			w.Error(err)
		}
	})
}

// shared returns an error unless the socket has SO_REUSEADDR.
func (w *world) shared(pid, fd int) error {
	dup, err := pidfd.GetFD(pid, 0, fd)
	if err != nil {
		return err
	}
	defer unix.Close(dup)
	if on, err := pidfd.ReuseAddr(dup); err != nil || !on {
		return fmt.Errorf("SO_REUSEADDR of the holder: %v, %v", on, err)
	}
	return nil
}

// Both ways: SOCK_DESTROY, and what stands in for it.
func descriptorCut(w *world) func(bool) {
	return descriptorChanges(w, func(l *looked) {
		defer l.Close()
		if h := l.one(); w.IntN(2) == 0 {
			_ = throughOwner(h, pidfd.Disconnect)
		} else {
			l.closeOne(w.Context(), h)
		}
	}, func(h *holders.Holder, _ *keeper) { w.cut(h.Peer) })
}

// cut makes sure that a connection is no more.
func (w *world) cut(peer int) {
	w.Helper()
	if _, err := unix.Read(peer, make([]byte, 1)); err != unix.ECONNRESET {
		w.Errorf("the holder's connection was not cut: %v", err)
	}
}

func descriptorKilled(w *world) func(bool) {
	return descriptorChanges(w, func(l *looked) { l.kill(nothing) }, func(_ *holders.Holder, k *keeper) {
		k.mustBe(pending, "the holder")
	})
}

// raceForDescriptor runs the rungs as a whole while the descriptor becomes another socket's.
func raceForDescriptor(w *world) func(bool) {
	k := w.keeper()
	return func(swap bool) {
		h, end := w.holder()
		defer end()
		other, endOther := w.holderOn(w.port + apart)
		defer endOther()
		k.put(h.FD)
		h.CloseFD()
		close := w.IntN(2) == 0
		ran := w.background(decide.Policy{Share: !close, Close: close})
		if swap {
			w.moment()
			k.put(other.FD)
		}
		<-ran
		w.intact(other.FD, other.Peer)
		switch {
		case swap:
		case close:
			w.cut(h.Peer)
		default:
			if err := w.shared(k.pid, kept); err != nil {
				w.Error(err)
			}
		}
		k.mustBe("", "its process")
	}
}

// keptDuplicate: where the kernel clears nothing, the guard keeps duplicates, to reset what a dead process leaves behind. One
// that lives on in another process is not left behind.
func keptDuplicate(w *world) func(bool) {
	return func(inherited bool) {
		h, end := w.holder()
		defer end()
		s := w.sleeper(h.FD)
		h.CloseFD()
		l := w.look(decide.Policy{})
		defer l.Close()
		found := l.one()
		dup, err := netdiag.Duplicate(found.Owners[0], found.Socket)
		if err != nil {
			w.Fatal(err)
		}
		var heir *stranger
		if inherited {
			heir = w.sleeper(dup)
		}
		s.end()
		resetKept(w.Context(), []*victim{{kept: []int{dup}}}, time.Now())
		if !inherited {
			w.cut(h.Peer)
			return
		}
		fd := heir.socket()
		if linger, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LINGER); err != nil || linger != 0 {
			w.Errorf("SO_LINGER of the heir's socket: %d, %v", linger, err)
		}
		w.intact(fd, h.Peer)
		unix.Close(fd)
		heir.end()
	}
}

// act does one of the things that may be done about a holder.
func (l *looked) act(h *netdiag.Holder) {
	ctx := l.w.Context()
	switch l.w.IntN(5) {
	case 0:
		_, _ = l.shareOne(ctx, h)
	case 1:
		l.closeOne(ctx, h)
	case 2:
		l.clearOne(ctx, decide.Close, h)
	case 3:
		_ = throughOwner(h, pidfd.Disconnect)
	case 4:
		victims := l.victims(ctx, l.targets)
		l.signalAll(ctx, l.judge, victims, unix.SIGUSR1)
		for _, v := range victims {
			v.close()
		}
	}
}

// ends makes connections between the same two ends again and again.
type ends struct {
	w        *world
	listener int
	to       *unix.SockaddrInet4
}

func (w *world) ends() ends {
	w.Helper()
	fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: loopback, ReuseAddr: true}.Bind(0)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { unix.Close(fd) })
	if err := unix.Listen(fd, 1); err != nil {
		w.Fatal(err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		w.Fatal(err)
	}
	return ends{w, fd, at.(*unix.SockaddrInet4)}
}

// connect makes a connection from the port. The server's end does not inherit the listener's SO_REUSEADDR.
func (e ends) connect(port uint16) (client, server int) {
	e.w.Helper()
	client, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: netip.AddrFrom4(e.to.Addr)}.Bind(port)
	if err == nil {
		if err = unix.Connect(client, e.to); err == nil {
			if server, _, err = unix.Accept4(e.listener, unix.SOCK_CLOEXEC); err == nil {
				err = unix.SetsockoptInt(server, unix.SOL_SOCKET, unix.SO_REUSEADDR, 0)
			}
		}
	}
	if err != nil {
		e.w.Fatal(err)
	}
	return client, server
}

func reset(fds ...int) {
	for _, fd := range fds {
		_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		unix.Close(fd)
	}
}

// sameEnds: the cookie alone tells the two connections apart, which the same process has under the same number.
func sameEnds(w *world) func(bool) {
	e, k := w.ends(), w.keeper()
	return func(swap bool) {
		client, server := e.connect(w.next())
		k.put(client)
		unix.Close(client)
		l := w.look(decide.Policy{})
		defer l.Close()
		h := l.one()
		if !swap {
			l.closeOne(w.Context(), h)
			w.cut(server)
			unix.Close(server)
			k.letGo()
			return
		}
		k.letGo() // before it is reset, so that nothing stays bound
		reset(server)
		client, server = e.connect(w.port)
		k.put(client)
		for range 3 {
			l.act(h)
		}
		w.intact(client, server)
		k.mustBe("", "its process")
		k.letGo()
		reset(client, server)
	}
}

// sameEndsAsRemains: the record found was reused for a new connection.
func sameEndsAsRemains(w *world) func(bool) {
	e := w.ends()
	return func(swap bool) {
		client, server := e.connect(w.next())
		unix.Close(client)
		unix.Close(server)
		l := w.look(decide.Policy{})
		defer l.Close()
		h := l.one()
		if h.Kind != netdiag.Remains || h.Socket.State != sockdiag.TimeWait {
			w.Fatalf("found is %s, %s", h.Kind, h.Socket.State)
		}
		switch a := l.clearOne(w.Context(), decide.Close, h); a.Result {
		case decide.Done:
		case decide.NotPossible:
			w.Skip(a.Detail)
		default:
			w.Fatalf("%+v", a)
		}
		client, server = e.connect(w.port) // fails while the record is there
		if swap {
			for range 3 {
				l.act(h)
			}
		}
		w.intact(client, server)
		reset(client, server)
	}
}
