package netdiag

import (
	"fmt"
	"net/netip"
	"strings"
)

// cutDevice takes the device out of "0.0.0.0%eth0:67" and the like: the rest is as if none had been given. The zone of an
// address in brackets is none.
func cutDevice(text, rest string) (without, device string, err error) {
	from := 0
	if strings.HasPrefix(rest, "[") {
		from = max(0, strings.IndexByte(rest, ']'))
	}
	at := strings.IndexByte(rest[from:], '%')
	if at < 0 || strings.HasPrefix(rest, "[") && from == 0 {
		return rest, "", nil
	}
	host, named := rest[:from+at], rest[from+at+1:]
	device, ports, hasPorts := strings.Cut(named, ":")
	switch {
	case !isDevice(device):
		return "", "", &SyntaxError{text, fmt.Sprintf("%q is not the name of an interface", device), "0.0.0.0%eth0:67"}
	case hasPorts && strings.Contains(host, ":") && !strings.HasPrefix(host, "["):
		return "", "", &SyntaxError{text, "an IPv6 address needs brackets before its port", "[::1]:8080"}
	case hasPorts:
		return host + ":" + ports, device, nil
	case host != "" && isAllDigits(host):
		return "", "", &SyntaxError{text, "the interface belongs to the address, before the port", "*%" + device + ":" + host}
	}
	return "", "", &SyntaxError{text, "there is no port", "0.0.0.0%" + device + ":67"}
}

// onDevice binds an address to a device as well; of a link-local one it is the zone.
func onDevice(text string, addr netip.Addr, device string) (netip.Addr, string, error) {
	switch {
	case device == "":
		return addr, "", nil
	case addr.Zone() != "":
		return addr, "", &SyntaxError{text, "its interface is given twice", "[fe80::1%eth0]:80"}
	case addr.Is6() && addr.IsLinkLocalUnicast():
		return addr.WithZone(device), "", nil
	}
	return addr, device, nil
}
