#include "go_asm.h"
#include "textflag.h"

#define SYS_fcntl	25
#define SYS_sched_getscheduler	120
#define SYS_rt_sigaction	134
#define SYS_rt_sigprocmask	135
#define SYS_prctl	167
#define SYS_prlimit64	261
#define F_GETFD	1
#define SIG_IGN	1
#define RLIMIT_DATA	2
#define RLIMIT_NPROC	6
#define RLIMIT_AS	9
#define PR_GET_SECCOMP	21
#define SCHED_DEADLINE	6
#define EINVAL	22

// The frame: 32 bytes of struct sigaction, then the registers to put back.
#define FRAME	96

// func entry()
//
// There is no Go here yet: no g, no TLS, no stack check. RSP points at argc.
TEXT ·entry(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	SUB	$FRAME, RSP
	STP	(R0, R1), 32(RSP)
	STP	(R2, R3), 48(RSP)
	STP	(R8, R9), 64(RSP)
	STP	(R10, R11), 80(RSP)

	ADD	$FRAME, RSP, R9
	MOVD	R9, ·startStack(SB)

	// Where the runtime may not be able to run, cramped looks closer.
	MOVD	$0, R0		// this process
	MOVD	$RLIMIT_DATA, R1
	MOVD	$0, R2		// no new limit
	MOVD	RSP, R3
	MOVD	$SYS_prlimit64, R8
	SVC
	CBNZ	R0, space
	MOVD	0(RSP), R9
	MOVD	$const_LeastData, R10
	CMP	R10, R9
	BLO	close
space:
	MOVD	$0, R0
	MOVD	$RLIMIT_AS, R1
	MOVD	$0, R2
	MOVD	RSP, R3
	MOVD	$SYS_prlimit64, R8
	SVC
	CBNZ	R0, threads
	MOVD	0(RSP), R9
	MOVD	$const_LeastAddressSpace, R10
	CMP	R10, R9
	BLO	close
threads:
	MOVD	$0, R0
	MOVD	$RLIMIT_NPROC, R1
	MOVD	$0, R2
	MOVD	RSP, R3
	MOVD	$SYS_prlimit64, R8
	SVC
	CBNZ	R0, filter
	MOVD	0(RSP), R9
	MOVD	$const_fewThreads, R10
	CMP	R10, R9
	BLO	close
filter:
	MOVD	$PR_GET_SECCOMP, R0
	MOVD	$SYS_prctl, R8
	SVC
	CMP	$const_filtered, R0
	BEQ	close
	CBZ	R0, scheduler
	CMN	$EINVAL, R0
	BNE	roomy		// a filter that allows no question
scheduler:
	MOVD	$0, R0		// this thread
	MOVD	$SYS_sched_getscheduler, R8
	SVC
	CMP	$SCHED_DEADLINE, R0
	BNE	roomy
close:
	CALL	·cramped(SB)
roomy:
	CALL	·spread(SB)

	// From signal 64 down to 1, so that signal 1 ends in bit 0.
	MOVD	$0, R10
	MOVD	$64, R9
signal:
	LSL	$1, R10
	MOVD	R9, R0
	MOVD	$0, R1		// no new action
	MOVD	RSP, R2
	MOVD	$8, R3		// sizeof(sigset_t)
	MOVD	$SYS_rt_sigaction, R8
	SVC
	CBNZ	R0, nextsignal
	MOVD	0(RSP), R11
	CMP	$SIG_IGN, R11
	BNE	nextsignal
	ORR	$1, R10
nextsignal:
	SUB	$1, R9
	CBNZ	R9, signal
	MOVD	R10, ·startIgnored(SB)

	MOVD	$0, R0		// how: of no meaning without a new mask
	MOVD	$0, R1		// no new mask
	MOVD	$·startBlocked(SB), R2
	MOVD	$8, R3
	MOVD	$SYS_rt_sigprocmask, R8
	SVC

	// From fd 2 down to 0, so that fd 0 ends in bit 0.
	MOVD	$0, R10
	MOVD	$2, R9
fd:
	LSL	$1, R10
	MOVD	R9, R0
	MOVD	$F_GETFD, R1
	MOVD	$0, R2
	MOVD	$SYS_fcntl, R8
	SVC
	CMP	$0, R0
	BGE	nextfd
	ORR	$1, R10
nextfd:
	SUBS	$1, R9
	BGE	fd
	MOVD	R10, ·startClosed(SB)

	LDP	32(RSP), (R0, R1)
	LDP	48(RSP), (R2, R3)
	LDP	64(RSP), (R8, R9)
	LDP	80(RSP), (R10, R11)
	ADD	$FRAME, RSP
	JMP	_rt0_arm64_linux(SB)
