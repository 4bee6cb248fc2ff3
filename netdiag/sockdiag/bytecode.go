package sockdiag

import (
	"encoding/binary"
	"slices"
)

// Codes of struct inet_diag_bc_op, which the kernel runs on every socket of a dump (inet_diag_bc_run in
// net/ipv4/inet_diag.c). An operation is code u8, yes u8, no u16 in native byte order; yes and no are bytes from its own
// start to the next operation to run. The end of the program takes the socket, 4 bytes beyond the end leave it out. A
// port stands, in host byte order, in the no of a second operation. S_EQ would be shorter but is of Linux 4.16.
const (
	bcJump = 1 // INET_DIAG_BC_JMP: always "no"
	bcSGE  = 2 // INET_DIAG_BC_S_GE: source port >= operand
	bcSLE  = 3 // INET_DIAG_BC_S_LE: source port <= operand
	bcAuto = 6 // INET_DIAG_BC_AUTO: port not asked for by number in bind()
)

const bcOpLen = 4 // struct inet_diag_bc_op

// bytecode is the program that takes sockets with a source port in one of ranges (as cover leaves them, at most
// maxRanges; none: any port), and if named is set none of those that pass INET_DIAG_BC_AUTO. An empty program takes all.
func bytecode(ranges []PortRange, named bool) []byte {
	var prog []byte
	for _, r := range slices.Backward(ranges) { // every block must know how much follows it
		prog = append(rangeBlock(r, len(prog)), prog...)
	}
	if named { // who passes jumps beyond the end: by a jump of its own, as "yes" may not lead there
		prog = slices.Concat(bcOp(bcAuto, bcOpLen, 2*bcOpLen), bcOp(bcJump, bcOpLen, bcOpLen+len(prog)+bcOpLen), prog)
	}
	return prog
}

// rangeBlock tests for one range, followed by rest bytes of tests for higher ranges.
func rangeBlock(r PortRange, rest int) []byte {
	var jump []byte
	if rest > 0 {
		jump = bcOp(bcJump, bcOpLen, bcOpLen+rest)
	}
	toEnd := 4*bcOpLen + len(jump) + rest
	return slices.Concat(
		bcOp(bcSGE, 2*bcOpLen, toEnd+bcOpLen), bcOp(0, 0, int(r.First)), // below this range is below the rest
		bcOp(bcSLE, 2*bcOpLen, 3*bcOpLen), bcOp(0, 0, int(r.Last)), // to the next block, or 4 bytes beyond the end
		jump)
}

func bcOp(code, yes uint8, no int) []byte {
	return binary.NativeEndian.AppendUint16([]byte{code, yes}, uint16(no))
}
