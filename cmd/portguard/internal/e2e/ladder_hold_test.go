package e2e

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// TestHoldUnderStorm: of a range that portguard holds the kernel hands out nothing, and its services come and go as they
// like.
func TestHoldUnderStorm(t *testing.T) {
	l := newLadder(t)
	const low, high = 30000, 31000
	setRange(t, low-10, high+10)
	watch := []string{"-low", number(low), "-high", number(high), "-remains=false"}

	stop := l.storm(t, 20, watch...)
	hold := launch(t, l.portguard, "hold", "--force", "-p", "30000-31000")
	eventually(t, 10*time.Second, "portguard holds", func() bool { return strings.Contains(hold.errs.String(), "holding") })
	t.Log(strings.TrimSpace(hold.errs.String()))
	if _, before := stop(); before == 0 {
		t.Error("the storm was given no port of the range while nobody held it")
	}
	// The ports that the storm had at that moment are held as soon as they are free.
	eventually(t, 10*time.Second, "every port is held", func() bool {
		for port := uint16(low); port <= high; port++ {
			if !keptOut(t, port) {
				return false
			}
		}
		return true
	})

	connecting := l.storm(t, 10, watch...)
	binding := l.storm(t, 10, append(watch, "-bind")...)
	for range many(3, 20) {
		service := launch(t, l.service, "30500")
		service.expect(t, "up")
		service.stop(t, unix.SIGTERM)
	}
	time.Sleep(time.Duration(many(1, 30)) * time.Second)
	for what, end := range map[string]func() (int, int){"connect()": connecting, "bind() to port 0": binding} {
		made, given := end()
		t.Logf("%s: %d connections, %d from the range that is held", what, made, given)
		if made == 0 || given != 0 {
			t.Errorf("%s was given a port of the range %d times of %d", what, given, made)
		}
	}

	begin := time.Now()
	hold.stop(t, unix.SIGTERM)
	if took := time.Since(begin); took > 10*time.Second { // else it never ends
		t.Errorf("SIGTERM ended it after %v", took)
	}
	if keptOut(t, low) {
		t.Error("a port is still held")
	}
}

// keptOut reports whether an explicit bind() of a program without SO_REUSEADDR fails.
func keptOut(t *testing.T, port uint16) bool {
	t.Helper()
	fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: netip.IPv4Unspecified()}.Bind(port)
	if err == nil {
		unix.Close(fd)
	}
	return err != nil
}

// TestHoldTakesOver: a port in use is held from the moment on that its service lets go of it.
func TestHoldTakesOver(t *testing.T) {
	l := newLadder(t)
	port := l.port()
	service := launch(t, l.service, number(port))
	service.expect(t, "up")
	hold := launch(t, l.portguard, "hold", "-p", number(port))
	eventually(t, 10*time.Second, "portguard waits", func() bool { return strings.Contains(hold.errs.String(), "waiting for 1 port") })
	service.stop(t, unix.SIGTERM)
	eventually(t, 5*time.Second, "the port is held", func() bool { return keptOut(t, port) })
	narrowed(t, port, func() {
		fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: loopback4}.Socket()
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: 9, Addr: loopback4.As4()}); err != unix.EADDRNOTAVAIL {
			t.Errorf("connect: %v, want %v", err, unix.EADDRNOTAVAIL)
		}
	})
	again := launch(t, l.service, number(port))
	again.expect(t, "up")
}

// TestHoldWaitsForAnAddress: of a port whose address is missing it does not say that it is in use, and holds it when the
// address comes.
func TestHoldWaitsForAnAddress(t *testing.T) {
	l := newLadder(t)
	port := l.port()
	hold := launch(t, l.portguard, "hold", "-p", "192.0.2.77:"+number(port))
	eventually(t, 10*time.Second, "portguard waits", func() bool {
		return strings.Contains(hold.errs.String(), "waiting for 1 port whose address or interface this host does not have\n")
	})
	if strings.Contains(hold.errs.String(), "in use") {
		t.Errorf("nobody has the port: %s", hold.errs.String())
	}
	nstest.Addr(t, "192.0.2.77/32")
	eventually(t, 5*time.Second, "the port is held", func() bool { return keptOut(t, port) })
}

// TestHoldLeavesPortsForOthers: the host needs some for its own connections, which is found out before anything is held.
func TestHoldLeavesPortsForOthers(t *testing.T) {
	l := newLadder(t)
	setRange(t, 40000, 42000)
	for _, tt := range []struct {
		name, ports string
		left        int // 0: it holds
	}{
		{"too few", "40000-41000", 1000},
		{"enough", "40000-40976", 0},
		{"ports of nobody", "30000-31000", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := launch(t, l.portguard, "hold", "-p", tt.ports)
			if tt.left == 0 {
				eventually(t, 10*time.Second, "portguard holds", func() bool { return strings.Contains(p.errs.String(), "holding") })
				p.stop(t, unix.SIGTERM)
				return
			}
			want := fmt.Sprintf("that leaves %d ports of ip_local_port_range 40000-42000 for outgoing connections, fewer than 1024\nhint: portguard hold --force -p %s\n",
				tt.left, tt.ports)
			if status := p.end(t); status != cli.ExitUsage || !strings.Contains(p.errs.String(), want) {
				t.Errorf("status %d\n%s", status, p.errs.String())
			}
		})
	}
}

// TestHoldNeedsDescriptors: too few descriptors are found out before anything is held.
func TestHoldNeedsDescriptors(t *testing.T) {
	l := newLadder(t)
	p := launch(t, "sh", "-c", "ulimit -n 256 && exec "+l.portguard+" hold -p 30000-31000")
	if status := p.end(t); status != cli.ExitOSErr || !strings.Contains(p.errs.String(), "ulimit -n") {
		t.Errorf("status %d\n%s", status, p.errs.String())
	}
}
