#include "textflag.h"

#define SYS_write	1

// siginfo_t
#define si_code	8
#define si_pid	16
#define SIZE	128

// Bit n-1 is signal n.
#define FAULTS	(1<<3 | 1<<4 | 1<<6 | 1<<7 | 1<<10 | 1<<30)	// SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV SIGSYS
#define RUNTIMES	(1<<22 | 1<<32)	// SIGURG and 33

// func handler()
//
// DI is the signal, SI its siginfo_t, DX the context; the stack is the thread's signal stack, and every signal is blocked.
// Any register may be changed, as rt_sigreturn puts all of them back, but the runtime's handler finds those three and SP as they were.
TEXT ·handler(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	LEAQ	-1(DI), R8
	MOVQ	DI, R9
	MOVQ	SI, R10
	MOVQ	DX, R12

	CMPL	si_code(SI), $0
	JGT	kernel
	MOVL	si_pid(SI), AX
	CMPL	AX, ·self(SB)
	JEQ	written		// by ourselves: it is nobody else's business
	JMP	write
kernel:
	MOVQ	$FAULTS, AX
	BTQ	R8, AX
	JCS	runtime
write:
	MOVLQSX	·pipe(SB), DI
	MOVQ	$SIZE, DX
	MOVQ	$SYS_write, AX
	SYSCALL
	TESTQ	AX, AX
	JGE	written
	MOVQ	R8, CX
	MOVQ	$1, AX
	SHLQ	CX, AX
	LOCK
	ORQ	AX, ·unwritten(SB)
	LEAQ	·nothing(SB), SI	// wakes a reader who has emptied the pipe meanwhile, and did not see that yet
	MOVQ	$SYS_write, AX
	SYSCALL
written:
	// Even one from somebody else, which may have taken the place of the runtime's own: a signal of its kind does not queue.
	MOVQ	$RUNTIMES, AX
	BTQ	R8, AX
	JCS	runtime
	RET
runtime:
	MOVQ	R9, DI
	MOVQ	R10, SI
	MOVQ	R12, DX
	MOVQ	·runtimeHandler(SB), AX
	JMP	AX

// func address() uintptr
TEXT ·address(SB),NOSPLIT,$0-8
	LEAQ	·handler(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
