package within

import (
	"portguard/systemd"
	"portguard/wrapper/become"
)

// The system calls that portguard and Go's runtime make, as the rig's systemd has shown by forbidding one after the other. What only
// a rung makes is not among them: a child asks first whether it may.
var (
	// vital have to succeed: an errno does not do. They are among those that are made before every start (become.VitalCalls).
	vital = []string{
		"bind", "clone", "close", "execve", "fcntl", "futex", "getpid", "gettid", "mmap", "newfstatat", "openat", "pread64", "read",
		"rt_sigaction", "rt_sigprocmask", "setsockopt", "sigaltstack", "socket",
	}
	// whenTaken are made where somebody has the port.
	whenTaken = []string{
		"clock_gettime", "epoll_create1", "epoll_ctl", "epoll_pwait", "eventfd2", "fstat", "fstatfs", "getdents64", "getsockopt", "ppoll",
		"readlinkat", "recvmsg", "sendto", "uname",
	}
)

// Lacking are the calls for want of which a filter lets no start of portguard's through.
func Lacking(f systemd.CallFilter) []string {
	if ends := callsAnswered(f, become.VitalCalls(), systemd.Kills); len(ends) > 0 {
		return ends
	}
	return callsAnswered(f, vital, systemd.Fails)
}

// LackingWhenTaken are those for want of which it ends portguard when there is something to do.
func LackingWhenTaken(f systemd.CallFilter) []string {
	return callsAnswered(f, whenTaken, systemd.Kills)
}

func callsAnswered(f systemd.CallFilter, calls []string, answer systemd.Answer) []string {
	var all []string
	for _, c := range calls {
		if f.Answer(c) == answer {
			all = append(all, c)
		}
	}
	return all
}
