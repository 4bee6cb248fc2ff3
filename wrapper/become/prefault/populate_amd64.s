#include "textflag.h"

#define SYS_madvise	28
#define MADV_POPULATE_WRITE	23

// func populate(start unsafe.Pointer, length uintptr)
TEXT ·populate(SB),NOSPLIT,$0-16
	MOVQ	start+0(FP), DI
	MOVQ	length+8(FP), SI
	MOVL	$MADV_POPULATE_WRITE, DX
	MOVL	$SYS_madvise, AX
	SYSCALL
	RET
