package netdiag

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A SyntaxError says what is wrong with an endpoint and shows a right one.
type SyntaxError struct {
	Text    string // the part that is wrong, as it was given
	Problem string
	Right   string // an endpoint that would do
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("endpoint %q: %s", e.Text, e.Problem)
}

// LookupService finds the port of a name of services(5). net.Resolver.LookupPort has this shape.
type LookupService func(protocol, name string) (port int, err error)

// ParseEndpoints reads the argument of -p: comma-separated endpoints such as 30010, 30010/udp, 127.0.0.1:8080,
// [::1]:8080, :8080, localhost:8080, 0.0.0.0%eth0:67, 30000-30009 and http. Every endpoint gets the options. Errors are *SyntaxError.
func ParseEndpoints(text string, opts Options, lookup LookupService) ([]Endpoint, error) {
	var all []Endpoint
	for part := range strings.SplitSeq(text, ",") {
		some, err := parseEndpoint(part, opts, lookup)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func parseEndpoint(text string, opts Options, lookup LookupService) ([]Endpoint, error) {
	proto, rest := TCP, text
	if before, name, ok := strings.Cut(text, "/"); ok {
		if isProtocol(before) {
			return nil, &SyntaxError{text, "the protocol comes after the port", "30010/udp"}
		}
		switch strings.ToLower(name) {
		case "tcp":
		case "udp":
			proto = UDP
		default:
			if strings.Contains(text, "://") {
				return nil, &SyntaxError{text, "this is a URL; a service binds a port, and perhaps an address", "127.0.0.1:8080"}
			}
			if isNetwork(text) {
				return nil, &SyntaxError{text, "this is a network; a service binds one address of it, or all there are", "127.0.0.1:8080"}
			}
			return nil, &SyntaxError{text, fmt.Sprintf("%q is neither tcp nor udp", name), "30010/udp"}
		}
		rest = before
	}
	rest, device, err := cutDevice(text, rest)
	if err != nil {
		return nil, err
	}
	addr, ports, err := splitAddress(text, rest, device)
	if err != nil {
		return nil, err
	}
	addr, device, err = onDevice(text, addr, device)
	if err != nil {
		return nil, err
	}
	first, last, err := parsePorts(text, ports, proto, lookup)
	if err != nil {
		return nil, err
	}
	endpoints := make([]Endpoint, 0, int(last)-int(first)+1)
	for p := int(first); p <= int(last); p++ {
		endpoints = append(endpoints, Endpoint{Protocol: proto, Addr: addr, Port: uint16(p), Device: device, Options: opts})
	}
	return endpoints, nil
}

// isProtocol recognises a protocol, which is written before the port elsewhere.
func isProtocol(word string) bool {
	return slices.Contains([]string{"tcp", "udp", "tcp4", "udp4", "tcp6", "udp6"}, strings.ToLower(word))
}

// isNetwork recognises a network with or without a port.
func isNetwork(text string) bool {
	before, _, _ := cutLast(text, ":")
	_, err1 := netip.ParsePrefix(text)
	_, err2 := netip.ParsePrefix(before)
	return err1 == nil || err2 == nil
}

// splitAddress takes the address off the front. The zero address means that none was given. A link-local address needs a zone, or a
// device that becomes it.
func splitAddress(text, rest, device string) (addr netip.Addr, ports string, err error) {
	host, ports, ok := cutLast(rest, ":")
	switch {
	case isAddress(rest):
		return netip.Addr{}, "", &SyntaxError{text, "there is no port", rest + ":8080"}
	case !ok:
		return netip.Addr{}, rest, nil
	case host == "" || host == "*":
		return netip.Addr{}, ports, nil
	case host == "localhost":
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), ports, nil
	case strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]"):
		addr, err := netip.ParseAddr(host[1 : len(host)-1])
		if err != nil || !addr.Is6() {
			return netip.Addr{}, "", &SyntaxError{text, fmt.Sprintf("%q is not an IPv6 address", host), "[::1]:8080"}
		}
		if addr.IsLinkLocalUnicast() && addr.Zone() == "" && device == "" {
			return netip.Addr{}, "", &SyntaxError{text, "a link-local address needs its interface", fmt.Sprintf("[%s%%eth0]:%s", addr, ports)}
		}
		return addr, ports, nil
	case isProtocol(host):
		return netip.Addr{}, "", &SyntaxError{text, "the protocol comes after the port", "30010/udp"}
	case strings.Contains(host, ":"):
		return netip.Addr{}, "", &SyntaxError{text, "an IPv6 address needs brackets before its port", "[::1]:8080"}
	}
	addr, perr := netip.ParseAddr(host)
	if _, err := net.InterfaceByName(host); perr != nil && err == nil {
		return netip.Addr{}, "", &SyntaxError{text, fmt.Sprintf("%q is an interface; a service binds an address of it, or every address on it, which is *%%%s:%s", host, host, ports), "*%" + host + ":" + ports}
	}
	if perr != nil {
		return netip.Addr{}, "", &SyntaxError{text, fmt.Sprintf("%q is not an address; a service binds addresses, not names", host), "127.0.0.1:8080"}
	}
	return addr, ports, nil
}

// isAddress recognises an address without a port. An IPv6 address without brackets may be meant to end in one.
func isAddress(s string) bool {
	if inside, ok := strings.CutPrefix(s, "["); ok {
		return strings.HasSuffix(inside, "]")
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

func parsePorts(text, ports string, proto Protocol, lookup LookupService) (first, last uint16, err error) {
	if ports == "" {
		return 0, 0, &SyntaxError{text, "there is no port", "30010"}
	}
	if strings.ContainsFunc(ports, unicode.IsLetter) {
		return parseService(text, ports, proto, lookup)
	}
	low, high, isRange := strings.Cut(ports, "-")
	if first, err = parsePort(text, low); err != nil {
		return 0, 0, err
	}
	if !isRange {
		return first, first, nil
	}
	if last, err = parsePort(text, high); err != nil {
		return 0, 0, err
	}
	if last < first {
		return 0, 0, &SyntaxError{text, "the range runs backwards", fmt.Sprintf("%d-%d", last, first)}
	}
	return first, last, nil
}

func parsePort(text, s string) (uint16, error) {
	switch n, err := strconv.ParseUint(s, 10, 64); {
	case s == "":
		return 0, &SyntaxError{text, "a range needs both ends", "30000-30009"}
	case err != nil && !isAllDigits(s):
		return 0, &SyntaxError{text, fmt.Sprintf("%q is not a port number", s), "30010"}
	case err != nil || n > 65535:
		return 0, &SyntaxError{text, fmt.Sprintf("%s is above 65535, the highest port", s), "30010"}
	case n == 0:
		return 0, &SyntaxError{text, "port 0 asks the kernel for any port; there is nothing to guard", "30010"}
	default:
		return uint16(n), nil
	}
}

func isAllDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// parseService is for anything with a letter: services(5) has names with dashes and names that begin with a digit.
func parseService(text, name string, proto Protocol, lookup LookupService) (first, last uint16, err error) {
	port, err := lookup(proto.String(), name)
	if err != nil || port < 1 || port > 65535 {
		return 0, 0, &SyntaxError{text, fmt.Sprintf("%q is neither a port number nor a %s service in /etc/services", name, proto), "30010"}
	}
	return uint16(port), uint16(port), nil
}
