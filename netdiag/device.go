package netdiag

import (
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

// A socket that is bound to a device (SO_BINDTODEVICE) has its port there: sockets of two devices do not meet, and one that is
// bound to none meets all. A link-local address comes with its device, which is its zone.

// DeviceName is what the device with this index is called now; "" when there is none, or it cannot be asked for.
func DeviceName(index uint32) string {
	if index == 0 {
		return ""
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) // any socket will do
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("")
	if err != nil {
		return ""
	}
	request.SetUint32(index)
	if unix.IoctlIfreq(fd, unix.SIOCGIFNAME, request) != nil {
		return ""
	}
	return request.Name()
}

// End is an end of a socket as people know it, and as ParseEndpoints reads it: "0.0.0.0%eth0:67", "[::]%eth0:547",
// "[fe80::1%eth0]:80". device is "" for none.
func End(end netip.AddrPort, device string) string {
	end = Plain(end)
	a := end.Addr()
	switch {
	case device == "":
		return end.String()
	case a.IsLinkLocalUnicast() && a.Is6():
		return netip.AddrPortFrom(a.WithZone(device), end.Port()).String()
	}
	text := end.String()
	colon := strings.LastIndexByte(text, ':')
	return text[:colon] + "%" + device + text[colon:]
}

// isDevice reports whether a device can have this name (dev_valid_name in net/core/dev.c), and a person could type it.
func isDevice(name string) bool {
	if name == "" || len(name) >= unix.IFNAMSIZ || name == "." || name == ".." {
		return false
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("/:%", c) >= 0 {
			return false
		}
	}
	return true
}
