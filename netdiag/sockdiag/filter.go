package sockdiag

import "golang.org/x/sys/unix"

// filter is the classic BPF program that lets destroy events pass whose source port is in one of ranges (as cover leaves
// them, at most maxRanges). Every range has a return of its own, so that no jump is long.
//
// Events with source port 0 do not pass: a socket that had lost its port, or never had one, held none when it was closed.
// Every failed bind() of the waiting program itself makes one.
func filter(ranges []PortRange) []unix.SockFilter {
	const sourcePort = unix.NLMSG_HDRLEN + 4 // struct inet_diag_msg: id.idiag_sport
	pass := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff}
	drop := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0}

	// A half-word load turns network into host byte order.
	prog := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, K: sourcePort}}
	for _, r := range ranges {
		prog = append(prog,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: uint32(r.First), Jf: 2},
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K, K: uint32(r.Last), Jt: 1},
			pass)
	}
	return append(prog, drop)
}

func attachFilter(fd int, prog []unix.SockFilter) error {
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]})
}
