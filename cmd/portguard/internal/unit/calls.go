package unit

import (
	"fmt"
	"strings"

	"portguard/cmd/portguard/internal/cli"
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

// cannotCall refuses where SystemCallFilter= would end portguard. ExecStartPre=+ has no filter.
func (in unitInstall) cannotCall(svc systemd.Service) error {
	missing := callsAnswered(svc.SystemCalls, become.VitalCalls(), systemd.Kills)
	if len(missing) == 0 {
		missing = callsAnswered(svc.SystemCalls, vital, systemd.Fails)
	}
	if len(missing) == 0 {
		return nil
	}
	return cli.Misuse(fmt.Sprintf("SystemCallFilter= of %s lacks what portguard needs to start: %s", svc.Name, strings.Join(missing, " ")),
		"portguard unit "+in.spelledAs(formPre))
}

// noteCalls is about a filter under which portguard starts, and is ended when there is something to do.
func noteCalls(p *plan, svc systemd.Service) {
	if missing := callsAnswered(svc.SystemCalls, whenTaken, systemd.Kills); len(missing) > 0 {
		p.say("SystemCallFilter= of %s ends portguard when the port is taken: it lacks %s; --as pre needs none of it", svc.Name, strings.Join(missing, " "))
	}
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
