package nat

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"

	"portguard/netdiag/attr"
)

// registers are those of the kernel: of each byte it is known what it is, or not.
type registers struct {
	packet packet
	sets   map[setID]*set
	table  chainID
	data   [80]byte
	known  [80]bool
}

// span is where a register begins (nft_parse_register): 0 the verdict's, 1 to 4 of 16 bytes, 8 to 23 of 4 bytes in their place.
func span(register uint32) int {
	if register <= unix.NFT_REG_4 {
		return int(register) * 16
	}
	return (int(register)-unix.NFT_REG32_00)*4 + 16
}

// put is for a value; nil and a length where it is not known. Zeros fill up its last four bytes, as keys of several fields have them.
func (r *registers) put(register uint32, value []byte, length int) {
	at := span(register)
	length = max(length, len(value))
	for i := range (length + 3) &^ 3 {
		if at+i >= len(r.data) || at+i < 0 {
			return
		}
		r.data[at+i], r.known[at+i] = 0, i < len(value) || i >= length
		if i < len(value) {
			r.data[at+i] = value[i]
		}
	}
}

// value is some bytes of a register, and which of them are known.
func (r *registers) value(register uint32, length int) (data []byte, known []bool, ok bool) {
	at := span(register)
	if at < 0 || at+length > len(r.data) {
		return nil, nil, false
	}
	return r.data[at : at+length], r.known[at : at+length], true
}

// header is what is known of a packet's headers: the protocol, where it goes.
func (r *registers) header(register, base uint32, offset, length int) {
	fields := map[int][]byte{}
	switch {
	case base == unix.NFT_PAYLOAD_TRANSPORT_HEADER:
		fields[2] = binary.BigEndian.AppendUint16(nil, r.packet.port)
	case base == unix.NFT_PAYLOAD_NETWORK_HEADER && r.packet.to.Is4():
		fields[9], fields[16] = []byte{r.packet.protocol}, r.packet.to.AsSlice()
	case base == unix.NFT_PAYLOAD_NETWORK_HEADER:
		fields[6], fields[24] = []byte{r.packet.protocol}, r.packet.to.AsSlice()
	}
	at := span(register)
	for begins, field := range fields {
		for i, b := range field {
			if j := begins + i - offset; 0 <= j && j < length && 0 <= at+j && at+j < len(r.data) {
				r.data[at+j], r.known[at+j] = b, true
			}
		}
	}
}

func (r *registers) meta(register, key uint32) {
	switch key {
	case unix.NFT_META_L4PROTO:
		r.put(register, []byte{r.packet.protocol}, 0)
	case unix.NFT_META_NFPROTO:
		r.put(register, []byte{r.packet.family()}, 0)
	case unix.NFT_META_PROTOCOL:
		kind := uint16(unix.ETH_P_IP)
		if r.packet.to.Is6() {
			kind = unix.ETH_P_IPV6
		}
		r.put(register, binary.BigEndian.AppendUint16(nil, kind), 0)
	default:
		r.put(register, nil, 16)
	}
}

// bitwise is register & mask ^ xor, as prefixes are compared; shifts leave nothing that is known.
func (r *registers) bitwise(attrs attr.Set) {
	from, _ := attrs.Number(unix.NFTA_BITWISE_SREG)
	to, _ := attrs.Number(unix.NFTA_BITWISE_DREG)
	mask, xor := attrs.In(unix.NFTA_BITWISE_MASK)[unix.NFTA_DATA_VALUE], attrs.In(unix.NFTA_BITWISE_XOR)[unix.NFTA_DATA_VALUE]
	data, known, ok := r.value(from, len(mask))
	if !ok || len(mask) == 0 || len(mask) != len(xor) {
		r.put(to, nil, 16)
		return
	}
	data, known = bytes.Clone(data), append([]bool(nil), known...)
	r.put(to, nil, len(mask))
	for i := range mask {
		if at := span(to) + i; at < len(r.data) && (known[i] || mask[i] == 0) {
			r.data[at], r.known[at] = data[i]&mask[i]^xor[i], true
		}
	}
}

// compare is a comparison of bytes, as the kernel does it: numbers have the network's order for that.
func (r *registers) compare(register, op uint32, with []byte) answer {
	data, known, ok := r.value(register, len(with))
	if !ok || len(with) == 0 {
		return maybe
	}
	whole := true
	for i := range with {
		if whole = whole && known[i]; known[i] && data[i] != with[i] && (op == unix.NFT_CMP_EQ || op == unix.NFT_CMP_NEQ) {
			return sure(op == unix.NFT_CMP_NEQ)
		}
	}
	if !whole {
		return maybe
	}
	switch order := bytes.Compare(data, with); op {
	case unix.NFT_CMP_EQ:
		return sure(order == 0)
	case unix.NFT_CMP_NEQ:
		return sure(order != 0)
	case unix.NFT_CMP_LT:
		return sure(order < 0)
	case unix.NFT_CMP_LTE:
		return sure(order <= 0)
	case unix.NFT_CMP_GT:
		return sure(order > 0)
	case unix.NFT_CMP_GTE:
		return sure(order >= 0)
	}
	return maybe
}

func all(known []bool) bool {
	for _, k := range known {
		if !k {
			return false
		}
	}
	return true
}
