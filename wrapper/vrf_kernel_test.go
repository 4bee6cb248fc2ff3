//go:build kernels

package wrapper

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/wrapper/decide"
)

// A VRF has ports of its own: whoever has the number in another one is a bystander, whatever may be done to the holder. It
// takes a kernel with VRFs, as cmd/internal/kernels boots some.
func TestVictimsInAnotherVRF(t *testing.T) {
	nstest.Root(t)
	nstest.VRF(t)
	const accept = "net.ipv4.tcp_l3mdev_accept"
	w := &world{T: t, Rand: rand.New(rand.NewPCG(1, 0)), rig: holders.New(t), port: 20000, forks: forker(t)}
	rounds := 0
	for _, may := range []decide.Policy{
		{Share: true}, {Close: true}, {Wait: 30 * time.Millisecond}, {RestartUnit: true}, {Kill: true, Grace: time.Millisecond},
		{Share: true, Close: true, Wait: 30 * time.Millisecond, RestartUnit: true, Kill: true, KillListeners: true, Grace: time.Millisecond},
	} {
		for _, at := range []struct{ holder, bystander side }{{outside, inVRF}, {inVRF, outside}} {
			for _, what := range []string{"client", "server", "idle"} {
				for _, since := range []string{"0", "1"} { // what the sysctl is by now; it counts as it was at their bind()
					if at.holder == inVRF && since == "1" {
						continue // the service would bind among the host's ports
					}
					for range roundsOfVRF(may, what) {
						name := fmt.Sprintf("%+v, the holder %+v, a %s %+v, the sysctl %s", may, at.holder, what, at.bystander, since)
						nstest.Sysctl(t, accept, "0")
						port := w.next()
						holder, peer := at.holder.connected(w, port)
						owner := w.sleeper(holder)
						unix.Close(holder)
						by := at.bystander.make(w, what, port)
						nstest.Sysctl(t, accept, since)
						got := run(t, may, netdiag.Endpoint{Protocol: netdiag.TCP, Port: port, Device: at.holder.device})[0]
						if acts := may.Share || may.Close || may.Kill; (got.Verdict == "free") != acts && what != "idle" {
							t.Errorf("%s: %+v", name, got)
						}
						by.unharmed(name)
						owner.end()
						by.end()
						unix.Close(peer)
						rounds++
						if t.Failed() {
							t.FailNow()
						}
					}
				}
			}
		}
	}
	t.Logf("counted: %d rounds", rounds)
}

// roundsOfVRF is how often one is played. Kernels before 6.0 do not clear what a process leaves, which takes kill two seconds.
func roundsOfVRF(may decide.Policy, what string) int {
	switch {
	case !testing.Short():
		return max(*victimsN/8, 1)
	case may.Kill && (may.Share || what != "client"), may.RestartUnit:
		return 0
	}
	return 1
}

// side is one of two sets of ports.
type side struct {
	device string
	addr   netip.Addr
}

var (
	outside = side{"", loopback}
	inVRF   = side{"red", netip.AddrFrom4([4]byte{10, 88, 0, 1})}
)

func (s side) bind(w *world, port uint16) int {
	w.Helper()
	fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: s.addr, Device: s.device}.Bind(port)
	if err != nil {
		w.Fatal(err)
	}
	return fd
}

// connected is a client from the port, which the kernel picked, and the other end of its connection.
func (s side) connected(w *world, port uint16) (fd, peer int) {
	w.Helper()
	listener := s.bind(w, port+apart)
	defer unix.Close(listener)
	at := &unix.SockaddrInet4{Addr: s.addr.As4(), Port: int(port + apart)}
	fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: s.addr, Device: s.device}.Socket()
	if err == nil {
		err = unix.Listen(listener, 1)
	}
	nstest.SetRange(w.T, port, port)
	if err == nil {
		err = unix.Connect(fd, at)
	}
	if err == nil {
		peer, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	}
	if err == nil { // so that nothing is left of it on the other port
		err = unix.SetsockoptLinger(peer, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	if err != nil {
		w.Fatal(err)
	}
	return fd, peer
}

// bystander is a process that has a socket on the number of the port.
type bystander struct {
	*stranger
	side side
	what string
	port uint16
	peer int
}

func (s side) make(w *world, what string, port uint16) bystander {
	w.Helper()
	b := bystander{side: s, what: what, port: port, peer: -1}
	var fd int
	switch what {
	case "client":
		fd, b.peer = s.connected(w, port)
	default:
		fd = s.bind(w, port)
	}
	if what == "server" {
		if err := unix.Listen(fd, 1); err != nil {
			w.Fatal(err)
		}
	}
	b.stranger = w.sleeper(fd)
	unix.Close(fd)
	return b
}

// unharmed makes sure that it was not signalled, and that its socket does what it did.
func (b bystander) unharmed(name string) {
	b.w.Helper()
	b.mustBe("", "the bystander of "+name)
	fd := b.socket()
	defer unix.Close(fd)
	if on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR); err != nil || on != 0 {
		b.w.Errorf("%s: SO_REUSEADDR of the bystander's socket is %d, %v", name, on, err)
	}
	switch b.what {
	case "client":
		b.w.carries(fd, b.peer)
	case "idle":
		if err := unix.Listen(fd, 1); err != nil {
			b.w.Errorf("%s: the bystander's listen(): %v", name, err)
		}
		fallthrough
	case "server":
		client, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: b.side.addr, Device: b.side.device}.Bind(b.port + apart)
		if err == nil {
			err = unix.Connect(client, &unix.SockaddrInet4{Addr: b.side.addr.As4(), Port: int(b.port)})
			_ = unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			unix.Close(client)
		}
		if err != nil {
			b.w.Errorf("%s: the bystander's server: %v", name, os.NewSyscallError("connect", err))
		}
	}
}

func (b bystander) end() {
	b.stranger.end()
	if b.peer >= 0 {
		unix.Close(b.peer)
	}
}
