package ready

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"testing"

	"portguard/netdiag"
	"portguard/netdiag/nstest"
	"portguard/netdiag/owner"
	"portguard/netdiag/served"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
)

// A socket that holds the other half of an endpoint for the service is not in its place there.
func TestHalfThatIsHeld(t *testing.T) {
	l, err := net.Listen("tcp4", "0.0.0.0:30011")
	if err != nil {
		t.Fatal(err)
	}
	file, err := l.(*net.TCPListener).File()
	l.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	service := exec.Command("sleep", "600")
	service.ExtraFiles = []*os.File{file}
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = service.Process.Kill()
		_ = service.Wait()
	})
	file.Close()
	half := netdiag.Endpoint{Protocol: netdiag.TCP, Addr: netip.IPv6Unspecified(), Port: 30011,
		Options: netdiag.Options{V6Only: true, ReuseAddr: netdiag.ReuseNo}}
	held := netdiag.Try(half)
	defer held.Close()
	if held.Verdict != netdiag.Free {
		t.Fatal(held.Verdict)
	}
	for _, known := range []bool{false, true} {
		looker := New([]netdiag.Endpoint{{Protocol: netdiag.TCP, Port: 30011}}, Whose{PID: service.Process.Pid})
		defer looker.Close()
		if known {
			looker.Known([]int{held.FD})
		}
		all, err := looker.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if taken := len(all[0].Holders) > 0; taken == known || (all[0].State == served.Half) == known {
			t.Errorf("known: %v; %s, holders %v", known, all[0].State, all[0].Holders)
		}
	}
}

// A listener is the unit's whose process has it, and not that of the unit in which it was made.
func TestListenerThatWasHandedOn(t *testing.T) {
	var file *os.File
	nstest.InUnit(t, "maker.service", func() {
		l, err := net.Listen("tcp", "127.0.0.1:30010")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if file, err = l.(*net.TCPListener).File(); err != nil {
			t.Fatal(err)
		}
	})
	defer file.Close()
	nstest.InUnit(t, "heir.service", func() {
		heir := exec.Command("sleep", "600")
		heir.ExtraFiles = []*os.File{file}
		if err := heir.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = heir.Process.Kill()
			_ = heir.Wait()
		})
	})
	file.Close()
	at := []netdiag.Endpoint{{Protocol: netdiag.TCP, Addr: netip.MustParseAddr("127.0.0.1"), Port: 30010}}
	for unit, want := range map[string]served.State{"maker.service": served.Other, "heir.service": served.Whole} {
		l := New(at, Whose{Unit: systemd.Unit{Name: unit}})
		defer l.Close()
		all, err := l.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := all[0].State; got != want {
			t.Errorf("%s: %s, want %s", unit, got, want)
		}
	}
}

// A socket that nobody is seen to have is taken for a process's of the same user where that one's sockets do not all show, and else not:
// it may be of a process outside of this pid namespace.
func TestFamilyOfASocketWithoutOwners(t *testing.T) {
	nstest.Root(t)
	other := exec.Command("sleep", "600")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	})
	family, roots := []owner.Stat{{PID: other.Process.Pid}}, sockdiag.Socket{UID: 0}
	if ofFamily(roots, nil, family) {
		t.Error("all of its descriptors show, and none is the socket")
	}
	nstest.As(t, 64001, func() {
		if !ofFamily(roots, nil, family) {
			t.Error("its descriptors are closed to this user, and the socket is its user's")
		}
		if ofFamily(sockdiag.Socket{UID: 64001}, nil, family) {
			t.Error("the socket is another user's")
		}
	})
}
