#include "textflag.h"

#define SYS_madvise	233
#define MADV_POPULATE_WRITE	23

// func populate(start unsafe.Pointer, length uintptr)
TEXT ·populate(SB),NOSPLIT,$0-16
	MOVD	start+0(FP), R0
	MOVD	length+8(FP), R1
	MOVD	$MADV_POPULATE_WRITE, R2
	MOVD	$SYS_madvise, R8
	SVC
	RET
