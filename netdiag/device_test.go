package netdiag_test

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// Each server has its device, as DHCP servers do: two do not meet, and who is bound to none meets both.
func TestTryOnADevice(t *testing.T) {
	nstest.Device(t, "in0", "10.96.0.1/24")
	nstest.Device(t, "out0", "10.97.0.1/24")
	for _, tt := range []struct {
		holder, service string
		want            netdiag.Verdict
		device          string // of the holder that is named
	}{
		{"udp 0.0.0.0 dev in0", "udp 0.0.0.0 dev out0", netdiag.Free, ""},
		{"udp 0.0.0.0 dev in0", "udp 0.0.0.0 dev in0", netdiag.Taken, "in0"},
		{"udp 0.0.0.0 dev in0", "udp *", netdiag.Taken, "in0"},
		{"udp 0.0.0.0", "udp * dev in0", netdiag.Taken, ""},
		{"0.0.0.0 dev in0", "* dev out0", netdiag.Free, ""},
		{"0.0.0.0 dev in0", "* dev in0", netdiag.Taken, "in0"},
		{":: dev in0", "10.96.0.1", netdiag.Taken, "in0"},
		{"10.96.0.1", "10.96.0.1 dev in0", netdiag.Taken, ""},
	} {
		t.Run(tt.holder+", "+tt.service, func(t *testing.T) {
			l := newLab(t)
			held := holders.Spec{Options: options(tt.holder), State: holders.Listen, Origin: holders.Named}
			if held.Protocol == unix.IPPROTO_UDP {
				held.State = holders.Bound
			}
			made := l.hold(t, held)
			f, err := tryAndExplain(service(tt.service, made[0].Local.Port()))
			if err != nil {
				t.Fatal(err)
			}
			device := ""
			if len(f.Holders) > 0 {
				device = f.Holders[0].Device
			}
			if f.Trial.Verdict != tt.want || device != tt.device || len(f.Holders) > 0 != (tt.want == netdiag.Taken) {
				t.Errorf("%s (%v), held on %q, want %s, %q", f.Trial.Verdict, f.Trial.Errno, device, tt.want, tt.device)
			}
		})
	}
}

func TestTryOnNoDevice(t *testing.T) {
	for _, text := range []string{"* dev none0", "udp 0.0.0.0 dev none0"} {
		trial := netdiag.Try(service(text, 30780))
		trial.Close()
		if trial.Verdict != netdiag.NoAddress || trial.Errno != unix.ENODEV || trial.Failed != netdiag.ToDevice {
			t.Errorf("%s: %s (%v), failed %d", text, trial.Verdict, trial.Errno, trial.Failed)
		}
	}
}

// It takes no right, but where a rule of the cgroup has bound the socket to another one before.
func TestTryOnADeviceAsAnOrdinaryUser(t *testing.T) {
	var trial netdiag.Trial
	nstest.As(t, nobody, func() { trial = netdiag.Try(service("* dev lo", 30781)) })
	trial.Close()
	if trial.Verdict != netdiag.Free {
		t.Errorf("%s (%v)", trial.Verdict, trial.Errno)
	}
	withoutSyscall(t, unix.SYS_SETSOCKOPT, func() { trial = netdiag.Try(service("* dev lo", 30781)) })
	trial.Close()
	if trial.Verdict != netdiag.Forbidden || trial.Errno != unix.EPERM || trial.Failed != netdiag.ToDevice {
		t.Errorf("%s (%v), failed %d", trial.Verdict, trial.Errno, trial.Failed)
	}
}

// A placeholder is kept with the ports of the service's device.
func TestBesideIsOnTheDevice(t *testing.T) {
	fd, err := netdiag.NewBinder().Beside(service("0.0.0.0 dev lo", 30782), netip.IPv6Loopback())
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if device, err := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE); err != nil || device != "lo" {
		t.Errorf("on %q, %v", device, err)
	}
	if _, err := netdiag.NewBinder().Beside(service("0.0.0.0 dev none0", 30782), netip.IPv6Loopback()); err != unix.ENODEV {
		t.Errorf("%v, want %v", err, unix.ENODEV)
	}
}

func TestDeviceName(t *testing.T) {
	in0 := uint32(nstest.Device(t, "in0", "10.96.0.1/24"))
	for at, want := range map[uint32]string{0: "", 1: "lo", in0: "in0", 999999: ""} {
		if got := netdiag.DeviceName(at); got != want {
			t.Errorf("device %d is %q, want %q", at, got, want)
		}
	}
}

// What is shown of a socket is what -p takes.
func TestEndIsReadBack(t *testing.T) {
	for _, tt := range []struct{ end, device, want string }{
		{"0.0.0.0:67", "", "0.0.0.0:67"},
		{"0.0.0.0:67", "eth0", "0.0.0.0%eth0:67"},
		{"[::]:547", "eth0", "[::]%eth0:547"},
		{"[::ffff:10.0.0.1]:80", "eth0", "10.0.0.1%eth0:80"},
		{"[fe80::1]:80", "eth0", "[fe80::1%eth0]:80"},
		{"[fe80::1]:80", "", "[fe80::1]:80"},
	} {
		got := netdiag.End(netip.MustParseAddrPort(tt.end), tt.device)
		if got != tt.want {
			t.Errorf("%s on %q: %s, want %s", tt.end, tt.device, got, tt.want)
		}
		if again, err := netdiag.ParseEndpoints(got, netdiag.Options{}, nil); tt.device != "" && (err != nil || again[0].Bind() != got) {
			t.Errorf("%s is read as %v, %v", got, again, err)
		}
	}
}
