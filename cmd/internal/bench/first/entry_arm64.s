#include "textflag.h"

#define SYS_write	64
#define SYS_exit_group	94
#define SYS_clock_gettime	113
#define CLOCK_MONOTONIC	1

// func entry()
TEXT ·entry(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	SUB	$16, RSP, RSP	// struct timespec
	MOVD	$CLOCK_MONOTONIC, R0
	MOVD	RSP, R1
	MOVD	$SYS_clock_gettime, R8
	SVC
	MOVD	$1, R0
	MOVD	RSP, R1
	MOVD	$16, R2
	MOVD	$SYS_write, R8
	SVC
	MOVD	$0, R0
	MOVD	$SYS_exit_group, R8
	SVC
	BRK
