#include "textflag.h"

#define SYS_write	64

// siginfo_t
#define si_code	8
#define si_pid	16
#define SIZE	128

// Bit n-1 is signal n.
#define FAULTS	(1<<3 | 1<<4 | 1<<6 | 1<<7 | 1<<10 | 1<<30)	// SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV SIGSYS
#define RUNTIMES	(1<<22 | 1<<32)	// SIGURG and 33

// func handler()
//
// R0 is the signal, R1 its siginfo_t, R2 the context, R30 where to return to; the stack is the thread's signal stack, and every
// signal is blocked. Any register may be changed, as rt_sigreturn puts all of them back, but the runtime's handler finds those
// four, SP and g as they were.
TEXT ·handler(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	SUB	$1, R0, R9
	MOVD	R0, R10
	MOVD	R1, R11
	MOVD	R2, R12

	MOVW	si_code(R1), R13
	CMPW	$0, R13
	BGT	kernel
	MOVW	si_pid(R1), R13
	MOVW	·self(SB), R14
	CMPW	R13, R14
	BEQ	written		// by ourselves: it is nobody else's business
	B	write
kernel:
	MOVD	$FAULTS, R13
	LSR	R9, R13
	TBNZ	$0, R13, runtime
write:
	MOVW	·pipe(SB), R0
	MOVD	$SIZE, R2
	MOVD	$SYS_write, R8
	SVC
	CMP	$0, R0
	BGE	written
	MOVD	$1, R13
	LSL	R9, R13
	MOVD	$·unwritten(SB), R14
or:
	LDAXR	(R14), R15
	ORR	R13, R15
	STLXR	R15, (R14), R0
	CBNZ	R0, or
	MOVW	·pipe(SB), R0
	MOVD	$·nothing(SB), R1	// wakes a reader who has emptied the pipe meanwhile, and did not see that yet
	SVC
written:
	// Even one from somebody else, which may have taken the place of the runtime's own: a signal of its kind does not queue.
	MOVD	$RUNTIMES, R13
	LSR	R9, R13
	TBNZ	$0, R13, runtime
	RET
runtime:
	MOVD	R10, R0
	MOVD	R11, R1
	MOVD	R12, R2
	MOVD	·runtimeHandler(SB), R13
	B	(R13)

// func address() uintptr
TEXT ·address(SB),NOSPLIT,$0-8
	MOVD	$·handler(SB), R0
	MOVD	R0, ret+0(FP)
	RET
