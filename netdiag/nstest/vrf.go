package nstest

import (
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// VRF makes a VRF named red with one device, slave0, that has the addresses 10.88.0.1 and fe80::88.
func VRF(t testing.TB) (red, slave uint32) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "red"
	made := &netlink.Vrf{LinkAttrs: attrs, Table: 10}
	if err := netlink.LinkAdd(made); err != nil {
		t.Skipf("no VRF in this kernel: %v", err)
	}
	t.Cleanup(func() {
		if err := netlink.LinkDel(made); err != nil {
			t.Error(err)
		}
	})
	attrs = netlink.NewLinkAttrs()
	attrs.Name, attrs.MasterIndex = "slave0", made.Index
	device := &netlink.Dummy{LinkAttrs: attrs}
	if err := netlink.LinkAdd(device); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := netlink.LinkDel(device); err != nil {
			t.Error(err)
		}
	})
	for _, l := range []netlink.Link{made, device} {
		if err := netlink.LinkSetUp(l); err != nil {
			t.Fatal(err)
		}
	}
	for _, cidr := range []string{"10.88.0.1/24", "fe80::88/64"} {
		addr, err := netlink.ParseAddr(cidr)
		if err != nil {
			t.Fatal(err)
		}
		if addr.IP.To4() == nil {
			addr.Flags = unix.IFA_F_NODAD
		}
		if err := netlink.AddrAdd(device, addr); err != nil {
			t.Fatal(err)
		}
	}
	return uint32(made.Index), uint32(device.Index)
}
