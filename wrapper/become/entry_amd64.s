#include "go_asm.h"
#include "textflag.h"

#define SYS_rt_sigaction	13
#define SYS_rt_sigprocmask	14
#define SYS_fcntl	72
#define SYS_sched_getscheduler	145
#define SYS_prctl	157
#define SYS_arch_prctl	158
#define SYS_prlimit64	302
#define F_GETFD	1
#define SIG_IGN	1
#define RLIMIT_DATA	2
#define RLIMIT_NPROC	6
#define RLIMIT_AS	9
#define PR_GET_SECCOMP	21
#define ARCH_SET_FS	0x1002
#define SCHED_DEADLINE	6
#define EINVAL	22

// The frame: 32 bytes of struct sigaction, then the registers to put back.
#define FRAME	112

// func entry()
//
// There is no Go here yet: no g, no TLS, no stack check. SP points at argc.
TEXT ·entry(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVQ	SP, ·startStack(SB)
	SUBQ	$FRAME, SP
	MOVQ	AX, 32(SP)
	MOVQ	CX, 40(SP)
	MOVQ	DX, 48(SP)
	MOVQ	SI, 56(SP)
	MOVQ	DI, 64(SP)
	MOVQ	R10, 72(SP)
	MOVQ	R11, 80(SP)
	MOVQ	R12, 88(SP)
	MOVQ	R13, 96(SP)

	// Go's calling convention loads g from the thread's memory, of which the runtime sets up its own.
	MOVL	$ARCH_SET_FS, DI
	LEAQ	·noThread+16(SB), SI
	MOVL	$SYS_arch_prctl, AX
	SYSCALL

	// Where the runtime may not be able to run, cramped looks closer.
	XORL	DI, DI		// this process
	MOVL	$RLIMIT_DATA, SI
	XORL	DX, DX		// no new limit
	MOVQ	SP, R10
	MOVL	$SYS_prlimit64, AX
	SYSCALL
	TESTQ	AX, AX
	JNZ	space
	CMPQ	0(SP), $const_LeastData
	JCS	close
space:
	XORL	DI, DI
	MOVL	$RLIMIT_AS, SI
	XORL	DX, DX
	MOVQ	SP, R10
	MOVL	$SYS_prlimit64, AX
	SYSCALL
	TESTQ	AX, AX
	JNZ	threads
	CMPQ	0(SP), $const_LeastAddressSpace
	JCS	close
threads:
	XORL	DI, DI
	MOVL	$RLIMIT_NPROC, SI
	XORL	DX, DX
	MOVQ	SP, R10
	MOVL	$SYS_prlimit64, AX
	SYSCALL
	TESTQ	AX, AX
	JNZ	filter
	CMPQ	0(SP), $const_fewThreads
	JCS	close
filter:
	MOVL	$PR_GET_SECCOMP, DI
	MOVL	$SYS_prctl, AX
	SYSCALL
	CMPQ	AX, $const_filtered
	JEQ	close
	TESTQ	AX, AX
	JEQ	scheduler
	CMPQ	AX, $-EINVAL
	JNE	roomy		// a filter that allows no question
scheduler:
	XORL	DI, DI		// this thread
	MOVL	$SYS_sched_getscheduler, AX
	SYSCALL
	CMPQ	AX, $SCHED_DEADLINE
	JNE	roomy
close:
	CALL	·cramped(SB)
roomy:
	CALL	·spread(SB)

	// From signal 64 down to 1, so that signal 1 ends in bit 0.
	XORL	R13, R13
	MOVQ	$64, R12
signal:
	SHLQ	$1, R13
	MOVQ	R12, DI
	XORL	SI, SI		// no new action
	MOVQ	SP, DX
	MOVQ	$8, R10		// sizeof(sigset_t)
	MOVQ	$SYS_rt_sigaction, AX
	SYSCALL
	TESTQ	AX, AX
	JNZ	nextsignal
	CMPQ	0(SP), $SIG_IGN
	JNE	nextsignal
	ORQ	$1, R13
nextsignal:
	DECQ	R12
	JNZ	signal
	MOVQ	R13, ·startIgnored(SB)

	XORL	DI, DI		// how: of no meaning without a new mask
	XORL	SI, SI		// no new mask
	LEAQ	·startBlocked(SB), DX
	MOVQ	$8, R10
	MOVQ	$SYS_rt_sigprocmask, AX
	SYSCALL

	// From fd 2 down to 0, so that fd 0 ends in bit 0.
	XORL	R13, R13
	MOVQ	$2, R12
fd:
	SHLQ	$1, R13
	MOVQ	R12, DI
	MOVQ	$F_GETFD, SI
	XORL	DX, DX
	MOVQ	$SYS_fcntl, AX
	SYSCALL
	TESTQ	AX, AX
	JGE	nextfd
	ORQ	$1, R13
nextfd:
	DECQ	R12
	JGE	fd
	MOVQ	R13, ·startClosed(SB)

	MOVQ	32(SP), AX
	MOVQ	40(SP), CX
	MOVQ	48(SP), DX
	MOVQ	56(SP), SI
	MOVQ	64(SP), DI
	MOVQ	72(SP), R10
	MOVQ	80(SP), R11
	MOVQ	88(SP), R12
	MOVQ	96(SP), R13
	ADDQ	$FRAME, SP
	JMP	_rt0_amd64_linux(SB)
