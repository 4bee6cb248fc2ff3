package nat

import (
	"cmp"
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"

	"portguard/netdiag/attr"
)

// expression is one step of a rule, as the kernel keeps them: loads into registers, comparisons, what is done.
type expression struct {
	name  string
	attrs attr.Set
}

// answer is whether a packet fits.
type answer int

const (
	no answer = iota
	maybe
	yes
)

func sure(fits bool) answer {
	if fits {
		return yes
	}
	return no
}

// action is what a rule does at its end.
type action struct {
	kind  actionKind
	chain string // of jump and tail
	to    target // of divert
}

// target is from where to where packets are sent. unknown: that is not known.
type target struct {
	first, last netip.AddrPort
	unknown     bool
}

type actionKind int

const (
	nothing actionKind = iota
	accept             // or drop: no address is changed by what follows
	back
	jump
	tail // goto
	divert
)

// run does one expression. What is not understood is a condition that may be met, and loads what is not known.
func (r *registers) run(e expression) (answer, action) {
	number := func(kind uint16) uint32 { n, _ := e.attrs.Number(kind); return n }
	switch e.name {
	case "counter", "log", "notrack", "objref", "comment":
		return yes, action{}
	case "immediate":
		register := number(unix.NFTA_IMMEDIATE_DREG)
		data := e.attrs.In(unix.NFTA_IMMEDIATE_DATA)
		if register == unix.NFT_REG_VERDICT {
			return yes, verdict(data)
		}
		r.put(register, data[unix.NFTA_DATA_VALUE], 0)
		return yes, action{}
	case "payload":
		if length := int(number(unix.NFTA_PAYLOAD_LEN)); length <= len(r.data) {
			r.put(number(unix.NFTA_PAYLOAD_DREG), nil, length)
			r.header(number(unix.NFTA_PAYLOAD_DREG), number(unix.NFTA_PAYLOAD_BASE), int(number(unix.NFTA_PAYLOAD_OFFSET)), length)
		}
		return yes, action{}
	case "meta":
		r.meta(number(unix.NFTA_META_DREG), number(unix.NFTA_META_KEY))
		return yes, action{}
	case "fib":
		r.put(number(unix.NFTA_FIB_DREG), nil, 4)
		if number(unix.NFTA_FIB_RESULT) == unix.NFT_FIB_RESULT_ADDRTYPE && number(unix.NFTA_FIB_FLAGS) == unix.NFTA_FIB_F_DADDR {
			r.put(number(unix.NFTA_FIB_DREG), binary.NativeEndian.AppendUint32(nil, unix.RTN_LOCAL), 0)
		}
		return yes, action{}
	case "bitwise":
		r.bitwise(e.attrs)
		return yes, action{}
	case "cmp":
		return r.compare(number(unix.NFTA_CMP_SREG), number(unix.NFTA_CMP_OP), e.attrs.In(unix.NFTA_CMP_DATA)[unix.NFTA_DATA_VALUE]), action{}
	case "range":
		from, to := e.attrs.In(unix.NFTA_RANGE_FROM_DATA)[unix.NFTA_DATA_VALUE], e.attrs.In(unix.NFTA_RANGE_TO_DATA)[unix.NFTA_DATA_VALUE]
		register := number(unix.NFTA_RANGE_SREG)
		fits := min(r.compare(register, unix.NFT_CMP_GTE, from), r.compare(register, unix.NFT_CMP_LTE, to))
		if number(unix.NFTA_RANGE_OP) == unix.NFT_RANGE_NEQ {
			fits = yes - fits
		}
		return fits, action{}
	case "lookup":
		return r.lookup(e.attrs)
	case "nat":
		family := number(unix.NFTA_NAT_FAMILY)
		switch {
		case family != unix.NFPROTO_INET && family != uint32(r.packet.family()): // the kernel passes by it
			return yes, action{}
		case number(unix.NFTA_NAT_TYPE) != unix.NFT_NAT_DNAT:
			return yes, action{kind: accept}
		}
		return yes, action{kind: divert, to: r.target(e.attrs, [...]uint16{unix.NFTA_NAT_REG_ADDR_MIN, unix.NFTA_NAT_REG_PROTO_MIN}, [...]uint16{unix.NFTA_NAT_REG_ADDR_MAX, unix.NFTA_NAT_REG_PROTO_MAX})}
	case "redir":
		const noAddress = 0
		return yes, action{kind: divert, to: r.target(e.attrs, [...]uint16{noAddress, unix.NFTA_REDIR_REG_PROTO_MIN}, [...]uint16{noAddress, unix.NFTA_REDIR_REG_PROTO_MAX})}
	case "masq":
		return yes, action{kind: accept}
	case "match":
		return r.match(e.attrs.Text(unix.NFTA_MATCH_NAME), number(unix.NFTA_MATCH_REV), e.attrs[unix.NFTA_MATCH_INFO]), action{}
	case "target":
		return yes, r.xtarget(e.attrs.Text(unix.NFTA_TARGET_NAME), number(unix.NFTA_TARGET_REV), e.attrs[unix.NFTA_TARGET_INFO])
	}
	for at := range r.known {
		r.known[at] = false
	}
	return maybe, action{}
}

// target reads where a nat or redir sends packets from the registers that it names: those of the first address and port, and of the
// last ones.
func (r *registers) target(attrs attr.Set, first, last [2]uint16) (to target) {
	read := func(kind uint16, length int) []byte {
		register, named := attrs.Number(kind)
		if !named {
			return nil
		}
		data, known, ok := r.value(register, length)
		if !ok || !all(known) {
			to.unknown = true
			return nil
		}
		return data
	}
	end := func(kinds [2]uint16) netip.AddrPort {
		there, _ := netip.AddrFromSlice(read(kinds[0], r.packet.to.BitLen()/8)) // none: this host
		var number uint16
		if data := read(kinds[1], 2); data != nil {
			number = binary.BigEndian.Uint16(data)
		}
		return netip.AddrPortFrom(there, number)
	}
	if to.first, to.last = end(first), end(last); to.unknown {
		return target{unknown: true}
	}
	to.last = netip.AddrPortFrom(cmp.Or(to.last.Addr(), to.first.Addr()), cmp.Or(to.last.Port(), to.first.Port()))
	return to
}

// verdict is what an immediate or a map says.
func verdict(data attr.Set) action {
	v := data.In(unix.NFTA_DATA_VERDICT)
	code, ok := v.Number(unix.NFTA_VERDICT_CODE)
	if !ok {
		return action{}
	}
	switch int32(code) {
	case unix.NFT_JUMP:
		return action{kind: jump, chain: v.Text(unix.NFTA_VERDICT_CHAIN)}
	case unix.NFT_GOTO:
		return action{kind: tail, chain: v.Text(unix.NFTA_VERDICT_CHAIN)}
	case unix.NFT_RETURN:
		return action{kind: back}
	case unix.NFT_CONTINUE, unix.NFT_BREAK:
		return action{}
	}
	return action{kind: accept}
}
