package fdwalk

import "golang.org/x/sys/unix"

// recordLen is the length of a record that the program writes: inode, tgid, pid, fd and locks, each u32 in native byte
// order.
const recordLen = 20

// Functions that a program may call (include/uapi/linux/bpf.h).
const (
	callMapLookup    = 1   // bpf_map_lookup_elem
	callSeqWrite     = 127 // bpf_seq_write: append to what the iterator's descriptor reads
	callSockFromFile = 162 // bpf_sock_from_file, Linux 5.11: the socket of a file, or NULL
)

// Offsets in what the program is given (struct bpf_iter__task_file in kernel/bpf/task_iter.c), which is an interface.
const (
	ctxMeta = 0
	ctxTask = 8
	ctxFD   = 16
	ctxFile = 24
)

// program is called for every descriptor of every table, and at the end without one. In C:
//
//	struct socket *socket;
//	u32 inode;
//	if (!ctx->file || !ctx->task || !(socket = bpf_sock_from_file(ctx->file)))
//		return 0;
//	inode = ctx->file->f_inode->i_ino;
//	if (!bpf_map_lookup_elem(wanted, &inode))
//		return 0;
//	u32 record[] = {inode, ctx->task->tgid, ctx->task->pid, ctx->fd, socket->sk->sk_userlocks};
//	bpf_seq_write(ctx->meta->seq, record, sizeof(record));
//	return 0;
//
// It touches no more of a socket that is not wanted than it must: most of the time goes into waiting for memory.
//
// The inode numbers of sockets fit into 32 bits. Every pointer is checked by the kernel's verifier against the very types
// that the offsets were taken from.
func program(l layout, wanted int) []uint64 {
	const (
		result, arg1, arg2, arg3 = 0, 1, 2, 3
		ctx, file, task, socket  = 6, 7, 8, 9
		stack                    = 10

		loadPtr = unix.BPF_LDX | unix.BPF_MEM | unix.BPF_DW
		load32  = unix.BPF_LDX | unix.BPF_MEM | unix.BPF_W
		load8   = unix.BPF_LDX | unix.BPF_MEM | unix.BPF_B
		store32 = unix.BPF_STX | unix.BPF_MEM | unix.BPF_W
		loadMap = unix.BPF_LD | unix.BPF_IMM | unix.BPF_DW // two instructions long
		move    = unix.BPF_ALU64 | unix.BPF_X | unix.BPF_MOV
		set     = unix.BPF_ALU64 | unix.BPF_K | unix.BPF_MOV
		add     = unix.BPF_ALU64 | unix.BPF_K | unix.BPF_ADD
		shift   = unix.BPF_ALU64 | unix.BPF_K | unix.BPF_RSH
		and     = unix.BPF_ALU64 | unix.BPF_K | unix.BPF_AND
		ifZero  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		call    = unix.BPF_JMP | unix.BPF_CALL
		exit    = unix.BPF_JMP | unix.BPF_EXIT

		start = -24 // of the record on the stack; a multiple of 8
		toEnd = -1  // patched below
	)
	all := []uint64{
		op(move, ctx, arg1, 0, 0),
		op(loadPtr, file, ctx, ctxFile, 0),
		op(ifZero, file, 0, toEnd, 0),
		op(loadPtr, task, ctx, ctxTask, 0),
		op(ifZero, task, 0, toEnd, 0),
		op(move, arg1, file, 0, 0),
		op(call, 0, 0, 0, callSockFromFile),
		op(ifZero, result, 0, toEnd, 0),

		op(move, socket, result, 0, 0),

		op(loadPtr, arg1, file, l.inode.byte(), 0),
		op(load32, arg1, arg1, l.number.byte(), 0),
		op(store32, stack, arg1, start, 0),
		op(loadMap, arg1, unix.BPF_PSEUDO_MAP_FD, 0, int32(wanted)),
		op(0, 0, 0, 0, 0),
		op(move, arg2, stack, 0, 0),
		op(add, arg2, 0, 0, start),
		op(call, 0, 0, 0, callMapLookup),
		op(ifZero, result, 0, toEnd, 0),

		op(loadPtr, arg1, socket, l.sk.byte(), 0),
		op(load8, arg1, arg1, l.locks.byte(), 0),
		op(shift, arg1, 0, 0, int32(l.locks.at%8)),
		op(and, arg1, 0, 0, l.locks.mask()),
		op(store32, stack, arg1, start+16, 0),
		op(load32, arg1, task, l.tgid.byte(), 0),
		op(store32, stack, arg1, start+4, 0),
		op(load32, arg1, task, l.pid.byte(), 0),
		op(store32, stack, arg1, start+8, 0),
		op(load32, arg1, ctx, ctxFD, 0),
		op(store32, stack, arg1, start+12, 0),

		op(loadPtr, arg1, ctx, ctxMeta, 0),
		op(loadPtr, arg1, arg1, 0, 0), // struct bpf_iter_meta: seq
		op(move, arg2, stack, 0, 0),
		op(add, arg2, 0, 0, start),
		op(set, arg3, 0, 0, recordLen),
		op(call, 0, 0, 0, callSeqWrite),
	}
	for i, in := range all {
		if in&0xff == ifZero {
			all[i] = in&^(0xffff<<16) | uint64(len(all)-i-1)<<16
		}
	}
	return append(all, op(set, result, 0, 0, 0), op(exit, 0, 0, 0, 0))
}

// op is a struct bpf_insn. Of its two registers, the first has the low four bits on little-endian machines; on others the
// kernel refuses the program.
func op(code, dst, src uint8, offset int16, immediate int32) uint64 {
	return uint64(code) | uint64(dst)<<8 | uint64(src)<<12 | uint64(uint16(offset))<<16 | uint64(uint32(immediate))<<32
}
