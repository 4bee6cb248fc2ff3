package supervise

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"portguard/wrapper/become"
)

// Service is what is started, and what it is given.
type Service struct {
	Path string   // from become.Resolve
	Argv []string // argv[0] first
	// Inherited is what the service inherits: what portguard itself was given.
	Inherited become.Inherited
}

// self is the program that runs, even if its file was replaced by another.
const self = "/proc/self/exe"

// start runs this program again as `VERB IGNORED BLOCKED PATH ARGV...`, which becomes the service: see Enter. That way there is
// one tested piece of code that gives a process exactly what was inherited, limits and signals that the Go runtime has
// changed included; nothing else could, in a process that the runtime has forked. It costs milliseconds.
//
// It has to be called on the main thread: a parent death signal that the service asks for is about its parent's thread.
// No descriptor goes along that is close-on-exec, as all of ours are.
func (s Service) start(verb string, group, foreground bool) (pid int, err error) {
	return s.run(verb, nil, &syscall.SysProcAttr{Setpgid: group || foreground, Foreground: foreground, Ctty: 0})
}

// run runs this program again, with words between the verb and what the service is started with.
func (s Service) run(verb string, words []string, how *syscall.SysProcAttr) (pid int, err error) {
	argv := slices.Concat([]string{os.Args[0], verb}, words, []string{
		strconv.FormatUint(uint64(s.Inherited.Ignored), 16),
		strconv.FormatUint(uint64(s.Inherited.Blocked), 16),
		s.Path,
	}, s.Argv)
	files := []uintptr{0, 1, 2}
	for fd, closed := range s.Inherited.ClosedStdio {
		if closed {
			files[fd] = ^uintptr(0)
		}
	}
	pid, err = syscall.ForkExec(self, argv, &syscall.ProcAttr{Env: s.Inherited.Environ, Files: files, Sys: how})
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", self, err)
	}
	return pid, nil
}

var errArguments = errors.New("this is for portguard to start a service with, not for people")

// Enter is the other half of start, in the new process: with the arguments after the verb, it becomes the service, or a foster,
// which starts it. in is what it has found itself. It returns on failure, and when a foster has done its work.
func Enter(args []string, in become.Inherited) error {
	if len(args) > 0 && args[0] == fosterWord {
		return fostering(args[1:], in)
	}
	s, err := serviceOf(args, in)
	if err != nil {
		return err
	}
	s.Inherited.Environ = underOwnIdentity(handedOn(s.Inherited.Environ, os.Getppid(), os.Getpid()))
	return become.Exec(s.Path, s.Argv, s.Inherited)
}

// serviceOf reads the arguments of run.
func serviceOf(args []string, in become.Inherited) (Service, error) {
	if len(args) < 4 {
		return Service{}, errArguments
	}
	ignored, err1 := strconv.ParseUint(args[0], 16, 64)
	blocked, err2 := strconv.ParseUint(args[1], 16, 64)
	if err1 != nil || err2 != nil {
		return Service{}, errArguments
	}
	in.Ignored, in.Blocked = become.SignalSet(ignored), become.SignalSet(blocked)
	return Service{Path: args[2], Argv: args[3:], Inherited: in}, nil
}

// handedOn is the environment in which what systemd meant for process from is meant for process to: services pass over
// sockets and a watchdog that are another's.
func handedOn(environ []string, from, to int) []string {
	all := make([]string, len(environ))
	for i, entry := range environ {
		for _, name := range []string{"LISTEN_PID=", "WATCHDOG_PID="} {
			if value, found := strings.CutPrefix(entry, name); found && value == strconv.Itoa(from) {
				entry = name + strconv.Itoa(to)
			}
		}
		all[i] = entry
	}
	return all
}
