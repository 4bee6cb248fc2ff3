package netdiag

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Lack is why bind() finds that an address is not on this host (NoAddress). The zero value: it is not there, as far as can be told.
type Lack struct {
	Why    LackReason
	Device string // that has the address, or that IPv6 is switched off on
}

// LackReason is what the host says of an address that it does not let be bound.
type LackReason uint8

// The reasons. The zero value: the host does not have it.
const (
	NotThere  LackReason = iota
	Tentative            // the host asks its network whether another one has it (duplicate address detection)
	Elsewhere            // another one has it
	IPv6Off              // net.ipv6.conf.DEVICE.disable_ipv6
)

func (r LackReason) String() string {
	return [...]string{"not-there", "tentative", "duplicate", "ipv6-off"}[r]
}

// LackOf looks for the reason. What cannot be read is as if it were not so.
func LackOf(e Endpoint) Lack {
	a := e.Addr
	if !a.Is6() || a.Is4In6() || a.IsUnspecified() {
		return Lack{}
	}
	text, _ := os.ReadFile("/proc/thread-self/net/if_inet6")
	if l := parseLack(text, a); l.Why != NotThere {
		return l
	}
	device := "all"
	switch {
	case a.IsLoopback():
		device = "lo"
	case a.Zone() != "":
		device = a.Zone()
	case e.Device != "":
		device = e.Device
	}
	if strings.ContainsRune(device, '/') {
		return Lack{}
	}
	off, err := os.ReadFile("/proc/sys/net/ipv6/conf/" + device + "/disable_ipv6")
	if err == nil && string(bytes.TrimSpace(off)) != "0" {
		return Lack{IPv6Off, device}
	}
	return Lack{}
}

// parseLack looks for an address that may not be used, among lines such as
//
//	fd000000000000000000000000000001 02 40 00 48 eth0
//
// of address, device, length of the prefix, scope, flags and the device's name, the numbers hexadecimal (net/ipv6/addrconf.c).
func parseLack(text []byte, a netip.Addr) Lack {
	raw := a.As16()
	wanted := hex.EncodeToString(raw[:])
	for line := range bytes.Lines(text) {
		f := strings.Fields(string(line))
		if len(f) < 6 || f[0] != wanted || a.Zone() != "" && a.Zone() != f[5] {
			continue
		}
		flags, err := strconv.ParseUint(f[4], 16, 32)
		switch {
		case err != nil || flags&unix.IFA_F_TENTATIVE == 0 || flags&unix.IFA_F_OPTIMISTIC != 0:
		case flags&unix.IFA_F_DADFAILED != 0:
			return Lack{Elsewhere, f[5]}
		default:
			return Lack{Tentative, f[5]}
		}
	}
	return Lack{}
}
