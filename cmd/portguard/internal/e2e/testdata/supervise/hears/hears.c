// hears is a service that says each signal which it gets, and the value that came with it, until its parent has gone, or the other
// end of its stdin. All signals are blocked and waited for, by the system calls themselves: the C library would keep 32 and 33 for
// itself.
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	const unsigned long all = ~0UL;
	const struct timespec moment = { .tv_nsec = 50 * 1000 * 1000 };

	prctl(PR_SET_PDEATHSIG, SIGKILL); // it may have been stopped
	setvbuf(stdout, NULL, _IOLBF, 0);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
	puts("ready");
	for (;;) {
		struct pollfd stdin_end = { .fd = 0 };
		siginfo_t info;
		long sig = syscall(SYS_rt_sigtimedwait, &all, &info, &moment, sizeof all);

		if (sig > 0 && info.si_code == SI_QUEUE)
			printf("got %ld value %d\n", sig, info.si_value.sival_int);
		else if (sig > 0)
			printf("got %ld\n", sig);
		else if (poll(&stdin_end, 1, 0) == 1)
			return 0;
	}
}
