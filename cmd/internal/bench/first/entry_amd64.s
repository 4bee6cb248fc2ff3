#include "textflag.h"

#define SYS_write	1
#define SYS_clock_gettime	228
#define SYS_exit_group	231
#define CLOCK_MONOTONIC	1

// func entry()
TEXT ·entry(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	SUBQ	$16, SP		// struct timespec
	MOVQ	$SYS_clock_gettime, AX
	MOVQ	$CLOCK_MONOTONIC, DI
	MOVQ	SP, SI
	SYSCALL
	MOVQ	$SYS_write, AX
	MOVQ	$1, DI
	MOVQ	SP, SI
	MOVQ	$16, DX
	SYSCALL
	MOVQ	$SYS_exit_group, AX
	XORL	DI, DI
	SYSCALL
	INT	$3
