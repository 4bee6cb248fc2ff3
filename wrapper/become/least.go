package become

// LeastThreads is for how many threads there has to be room (RLIMIT_NPROC, LimitNPROC=, ulimit -u), the first included; for want of one, the
// Go runtime (1.26) ends the process. A start whose port is free has had up to six at once. One that waits for a taken port has had up to
// twelve, on two processors with a load of 15: now and then twelve did not do.
const LeastThreads = 16
