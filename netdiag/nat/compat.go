package nat

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Rules that iptables has written for nftables have matches and targets of its own in them, as structs of the kernel.

// match is one of iptables' matches; what it does not know may be met.
func (r *registers) match(name string, revision uint32, info []byte) answer {
	switch name {
	case "comment":
		return yes
	case "multiport":
		return r.matchMultiport(revision, info)
	case "addrtype":
		return r.matchAddressType(revision, info)
	}
	if protocol, flagsAt, ok := ofPorts(name); ok {
		return r.matchPorts(protocol, info, flagsAt)
	}
	return maybe
}

// ofPorts are the matches that begin with two ranges, of the ports that packets come from, and of those that they go to, and where
// their flags are.
func ofPorts(match string) (protocol uint8, flagsAt int, ok bool) {
	switch match {
	case "tcp":
		return unix.IPPROTO_TCP, 11, true // struct xt_tcp: invflags behind option, flg_mask and flg_cmp
	case "udp":
		return unix.IPPROTO_UDP, 8, true // struct xt_udp
	}
	return 0, 0, false
}

const inverseSource, inverseTo = 1, 2 // XT_TCP_INV_SRCPT, XT_TCP_INV_DSTPT

func (r *registers) matchPorts(protocol uint8, info []byte, flagsAt int) answer {
	if len(info) <= flagsAt {
		return maybe
	}
	if r.packet.protocol != protocol {
		return no
	}
	port := func(at int) uint16 { return binary.NativeEndian.Uint16(info[at:]) }
	fits := sure((port(4) <= r.packet.port && r.packet.port <= port(6)) != (info[flagsAt]&inverseTo != 0))
	if port(0) != 0 || port(2) != 0xffff || info[flagsAt]&inverseSource != 0 {
		fits = min(fits, maybe)
	}
	return fits
}

// matchMultiport is struct xt_multiport_v1.
func (r *registers) matchMultiport(revision uint32, info []byte) answer {
	const source, most, pairsAt, invertAt = 0, 15, 2 + 2*15, 2 + 3*15
	if revision != 1 || len(info) <= invertAt || info[0] == source || int(info[1]) > most {
		return maybe
	}
	fits := false
	for i := 0; i < int(info[1]); i++ {
		first := binary.NativeEndian.Uint16(info[2+2*i:])
		last := first
		if info[pairsAt+i] != 0 && i+1 < most { // the next one is its end
			i++
			last = binary.NativeEndian.Uint16(info[2+2*i:])
		}
		fits = fits || first <= r.packet.port && r.packet.port <= last
	}
	const either = 2
	if fits = fits != (info[invertAt] != 0); !fits && info[0] == either {
		return maybe
	}
	return sure(fits)
}

// matchAddressType is struct xt_addrtype_info_v1: whether an address is this host's own.
func (r *registers) matchAddressType(revision uint32, info []byte) answer {
	const inverseSource, inverseTo, local = 1, 2, 1 << unix.RTN_LOCAL // XT_ADDRTYPE_INVERT_SOURCE, XT_ADDRTYPE_INVERT_DEST
	if revision != 1 || len(info) < 8 {
		return maybe
	}
	source, to, flags := binary.NativeEndian.Uint16(info), binary.NativeEndian.Uint16(info[2:]), binary.NativeEndian.Uint32(info[4:])
	fits := yes
	if to != 0 {
		fits = sure((to&local != 0) != (flags&inverseTo != 0))
	}
	if source != 0 || flags&^uint32(inverseTo) != 0 {
		fits = min(fits, maybe)
	}
	return fits
}

// xtarget is one of iptables' targets.
func (r *registers) xtarget(name string, revision uint32, info []byte) action {
	switch name {
	case "DNAT", "REDIRECT":
		return action{kind: divert, to: r.natRange(name, revision, info)}
	case "NETMAP": // one prefix for another
		return action{kind: divert, to: target{unknown: true}}
	case "SNAT", "MASQUERADE":
		return action{kind: accept}
	}
	return action{} // LOG, MARK and the like
}

// natRange reads struct nf_nat_ipv4_multi_range_compat, which IPv4 has where the revision is 0, or struct nf_nat_range.
func (r *registers) natRange(name string, revision uint32, info []byte) target {
	const mapsIPs, protoSpecified = unix.NF_NAT_RANGE_MAP_IPS, unix.NF_NAT_RANGE_PROTO_SPECIFIED
	flagsAt, addressAt, addressLen := 0, 4, 16
	if r.packet.to.Is4() && revision == 0 {
		flagsAt, addressAt, addressLen = 4, 8, 4
	}
	portAt := addressAt + 2*addressLen
	if len(info) < portAt+4 {
		return target{unknown: true}
	}
	flags := binary.NativeEndian.Uint32(info[flagsAt:])
	end := func(i int) netip.AddrPort {
		var to netip.Addr
		var port uint16
		if flags&mapsIPs != 0 && name == "DNAT" {
			at := addressAt + i*addressLen
			to, _ = netip.AddrFromSlice(info[at : at+r.packet.to.BitLen()/8])
		}
		if flags&protoSpecified != 0 {
			port = binary.BigEndian.Uint16(info[portAt+2*i:])
		}
		return netip.AddrPortFrom(to, port)
	}
	return target{first: end(0), last: end(1)}
}
