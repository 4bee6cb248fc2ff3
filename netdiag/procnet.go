package netdiag

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/sockdiag"
)

// procSockets reads the sockets on some ports, nil for all, from /proc/net/{tcp,udp}{,6}, for where netlink is forbidden (systemd's
// RestrictAddressFamilies=, a seccomp filter). It knows less than sock_diag: no cookie (0), no cgroup, no ipv6only flag, no
// evidence of who opened a connection, and no TCP socket that is bound and idle.
func procSockets(proto Protocol, ports map[uint16]bool) ([]sockdiag.Socket, error) {
	var all []sockdiag.Socket
	for _, family := range []struct {
		number uint8
		suffix string
	}{{unix.AF_INET, ""}, {unix.AF_INET6, "6"}} {
		// Of the calling thread's network namespace, as a socket would be.
		text, err := os.ReadFile("/proc/thread-self/net/" + proto.String() + family.suffix)
		if os.IsNotExist(err) && family.suffix == "6" {
			continue // a host without IPv6
		}
		if err != nil {
			return nil, err
		}
		some, err := parseProcNet(text, proto, family.number, ports)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// parseProcNet reads the lines of one file: a heading, then as the kernel's get_tcp4_sock and its like print them
// (net/ipv4/tcp_ipv4.c). Numbers are hexadecimal but for uid and inode; an address is a row of 32-bit words in the host's
// byte order.
//
//	sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
//	 0: 0100007F:1B58 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 …
func parseProcNet(text []byte, proto Protocol, family uint8, ports map[uint16]bool) ([]sockdiag.Socket, error) {
	var all []sockdiag.Socket
	for i, line := range bytes.Split(text, []byte("\n")) {
		f := bytes.Fields(line)
		if i == 0 || len(f) == 0 {
			continue
		}
		if len(f) < 10 {
			return nil, fmt.Errorf("/proc/net/%s: line %d has %d fields, not 10 or more", proto, i+1, len(f))
		}
		s, err := parseProcLine(f, proto, family)
		if err != nil {
			return nil, fmt.Errorf("/proc/net/%s: line %d: %w", proto, i+1, err)
		}
		if ports == nil || ports[s.Local.Port()] {
			all = append(all, s)
		}
	}
	return all, nil
}

func parseProcLine(f [][]byte, proto Protocol, family uint8) (s sockdiag.Socket, err error) {
	s = sockdiag.Socket{Protocol: uint8(proto), Family: family}
	if s.Local, err = parseProcAddr(f[1], family); err != nil {
		return s, err
	}
	if s.Remote, err = parseProcAddr(f[2], family); err != nil {
		return s, err
	}
	state, err := strconv.ParseUint(string(f[3]), 16, 8)
	if err != nil {
		return s, err
	}
	s.State = sockdiag.State(state)
	timer, when, ok := bytes.Cut(f[5], []byte(":"))
	if !ok {
		return s, fmt.Errorf("timer %q has no colon", f[5])
	}
	active, err := strconv.ParseUint(string(timer), 16, 8)
	if err != nil {
		return s, err
	}
	const userHZ = 100
	ticks, err := strconv.ParseUint(string(when), 16, 32)
	if err != nil {
		return s, err
	}
	s.Timer, s.Expires = uint8(active), time.Duration(ticks)*time.Second/userHZ
	uid, err := strconv.ParseUint(string(f[7]), 10, 32)
	if err != nil {
		return s, err
	}
	inode, err := strconv.ParseUint(string(f[9]), 10, 32)
	if err != nil {
		return s, err
	}
	s.UID, s.Inode = uint32(uid), uint32(inode)
	return s, nil
}

func parseProcAddr(text []byte, family uint8) (netip.AddrPort, error) {
	words, port, ok := bytes.Cut(text, []byte(":"))
	size := 4
	if family == unix.AF_INET6 {
		size = 16
	}
	if !ok || len(words) != 2*size || len(port) != 4 {
		return netip.AddrPort{}, fmt.Errorf("address %q", text)
	}
	raw := make([]byte, size)
	if _, err := hex.Decode(raw, words); err != nil {
		return netip.AddrPort{}, fmt.Errorf("address %q: %w", text, err)
	}
	for i := 0; i < size; i += 4 { // printed as numbers of the host's byte order
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	n, err := strconv.ParseUint(string(port), 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("address %q: %w", text, err)
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr, uint16(n)), nil
}
