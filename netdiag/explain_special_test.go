package netdiag_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// fork() leaves a socket to both processes: the port is free when the last has closed it.
func TestExplainNamesAllProcessesThatShareASocket(t *testing.T) {
	l := newLab(t)
	c := l.hold(t, client("10.99.0.1"))[0]
	child := shareWithChild(t, c.FD)

	f, err := tryAndExplain(service("*", l.port))
	if err != nil {
		t.Fatal(err)
	}
	got := map[int]int{}
	for _, h := range f.Holders {
		for _, o := range h.Owners {
			got[o.PID] = o.FD
		}
	}
	want := map[int]int{os.Getpid(): c.FD, child: childFD}
	if diff := cmp.Diff(want, got); diff != "" || len(f.Holders) != 1 {
		t.Errorf("fd by pid of %q (-want +got)\n%s", lines(f), diff)
	}
}

const childFD = 3 // what shareWithChild's socket is to the child

// shareWithChild starts a process that has the socket open, too, until the test ends.
func shareWithChild(t *testing.T, fd int) (pid int) {
	t.Helper()
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(dup), "socket")
	defer file.Close()
	child := exec.Command("cat") // until its input ends
	child.ExtraFiles = []*os.File{file}
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(stdin.Close(), child.Wait()); err != nil {
			t.Error(err)
		}
	})
	return child.Process.Pid
}

// No process can be asked for their SO_REUSEADDR. They go with their listener.
func TestExplainNamesConnectionsNotYetAccepted(t *testing.T) {
	l := newLab(t)
	l.hold(t, spec(holders.Listen, holders.Named, "10.99.0.1"))
	knock(t, netip.AddrPortFrom(netip.MustParseAddr("10.99.0.1"), l.port))
	want := []string{"taken", "listener LISTEN 10.99.0.1 mine", "accepted ESTABLISHED 10.99.0.1 not-accepted, perhaps"}
	if diff := cmp.Diff(want, explain(t, service("*", l.port))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A connection that is only asked for is the listener's business and no socket yet.
func TestExplainDoesNotNameRequestsForConnections(t *testing.T) {
	l := newLab(t)
	listener := l.hold(t, spec(holders.Listen, holders.Named, "10.99.0.1"))[0]
	// With this option the client's ACK is dropped: the request waits for its first byte.
	if err := unix.SetsockoptInt(listener.FD, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 30); err != nil {
		t.Fatal(err)
	}
	knock(t, netip.AddrPortFrom(netip.MustParseAddr("10.99.0.1"), l.port))
	want := []string{"taken", "listener LISTEN 10.99.0.1 mine"}
	if diff := cmp.Diff(want, explain(t, service("*", l.port))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// knock connects to a listener that does not accept.
func knock(t *testing.T, to netip.AddrPort) {
	t.Helper()
	c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
}

// A pool that retries a service which is down, on an ephemeral port, connects to itself one day.
func TestExplainNamesASelfConnectedSocketOnce(t *testing.T) {
	l := newLab(t)
	nstest.SetRange(t, l.port, l.port)
	fd, err := options("127.0.0.1").Socket()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: int(l.port)}); err != nil {
		t.Fatal(err)
	}
	want := []string{"taken", "client ESTABLISHED 127.0.0.1 mine"}
	if diff := cmp.Diff(want, explain(t, service("*", l.port))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestExplainNamesAKernelSocket(t *testing.T) {
	l := newLab(t)
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "tunnel"
	device := &netlink.Vxlan{LinkAttrs: attrs, VxlanId: 42, Port: int(l.port), Learning: true}
	if err := netlink.LinkAdd(device); err != nil {
		t.Skipf("no vxlan device in this kernel: %v", err)
	}
	defer func() {
		if err := netlink.LinkDel(device); err != nil {
			t.Error(err)
		}
	}()
	if err := netlink.LinkSetUp(device); err != nil {
		t.Fatal(err)
	}
	f, err := tryAndExplain(service("udp 0.0.0.0", l.port))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Holders) != 1 {
		t.Fatalf("%q, want one holder", lines(f))
	}
	switch h := f.Holders[0]; h.Absence {
	case netdiag.OfKernel:
		if h.Kind != netdiag.Kernel {
			t.Errorf("kind %s, want kernel", h.Kind)
		}
	case netdiag.OtherPIDNamespace, netdiag.OtherUserNamespace, netdiag.NotPermitted, netdiag.Vetoed:
		// Some processes do not show their descriptors here, so that none of them has it cannot be told, and is not said.
		if h.Kind == netdiag.Kernel {
			t.Errorf("kind %s, though not every process could be looked at", h.Kind)
		}
	default:
		t.Errorf("%s", line(h))
	}
}

// Go's listeners are MPTCP sockets. Their TCP subflow holds the port.
func TestExplainNamesMPTCPSockets(t *testing.T) {
	if on, err := os.ReadFile("/proc/sys/net/mptcp/enabled"); err != nil || on[0] != '1' {
		t.Skipf("no MPTCP in this kernel: %v", err)
	}
	l := newLab(t)
	t.Run("listener", func(t *testing.T) {
		l.port++
		listenMPTCP(t, "0.0.0.0:"+strconv.Itoa(int(l.port)))
		want := []string{"taken", "listener LISTEN 0.0.0.0 mine"}
		if diff := cmp.Diff(want, explain(t, service("*", l.port))); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
	t.Run("client", func(t *testing.T) {
		server := listenMPTCP(t, "10.99.0.1:0")
		l.port++
		nstest.SetRange(t, l.port, l.port)
		var d net.Dialer
		d.SetMultipathTCP(true)
		c, err := d.Dial("tcp", server.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if on, err := c.(*net.TCPConn).MultipathTCP(); err != nil || !on {
			t.Skipf("the connection is plain TCP (%v)", err)
		}
		want := []string{"taken", "client ESTABLISHED 10.99.0.1 mine"}
		if diff := cmp.Diff(want, explain(t, service("*", l.port))); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		// Its subflow goes on telling the inode that it had, and lives as long as the peer likes.
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		want = []string{"taken", "client ESTABLISHED 10.99.0.1 stale-subflow"}
		if diff := cmp.Diff(want, explain(t, service("*", l.port))); diff != "" {
			t.Errorf("closed: (-want +got)\n%s", diff)
		}
		if os.Geteuid() == 0 {
			nstest.As(t, nobody, func() {
				if diff := cmp.Diff(want, explain(t, service("*", l.port))); diff != "" {
					t.Errorf("closed, as told to an ordinary user: (-want +got)\n%s", diff)
				}
			})
		}
	})
}

func listenMPTCP(t *testing.T, at string) net.Listener {
	t.Helper()
	var lc net.ListenConfig
	lc.SetMultipathTCP(true)
	l, err := lc.Listen(context.Background(), "tcp4", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}
