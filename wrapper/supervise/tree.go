package supervise

import (
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
)

// below are the processes that descend from pid, but for strangers and what descends from them.
func below(pid int, all, strangers []owner.Stat) []owner.Stat {
	children := map[int][]owner.Stat{}
	for _, s := range all {
		children[s.Parent] = append(children[s.Parent], s)
	}
	var found []owner.Stat
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		for _, s := range children[next[0]] {
			if !slices.ContainsFunc(strangers, s.Same) {
				found = append(found, s)
				next = append(next, s.PID)
			}
		}
	}
	return found
}

// childrenNow are the children that a process has already, which are no business of the service's.
func childrenNow() []owner.Stat {
	if childless() {
		return nil
	}
	all, _ := owner.Scanner{}.Stats() // /proc is needed, and its absence shows soon enough
	return slices.DeleteFunc(all, func(s owner.Stat) bool { return s.Parent != os.Getpid() })
}

// childless reports whether this process has no child, and so, as a subreaper, nothing below it. It costs less than to look.
func childless() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
}

// family are the living processes below this one, without those that it had before.
func family(strangers []owner.Stat) ([]owner.Stat, error) {
	if childless() {
		return nil, nil
	}
	all, err := owner.Scanner{}.Stats()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(below(os.Getpid(), all, strangers), owner.Stat.Zombie), nil
}

// signalProcess sends a signal to exactly this process, which may have ended.
func signalProcess(s owner.Stat, sig unix.Signal) {
	p, err := pidfd.Open(s.PID)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		if now, err := (owner.Scanner{}).Stat(s.PID); err == nil && now.Same(s) {
			_ = unix.Kill(s.PID, sig) // it may have ended
		}
		return
	case err != nil:
		return
	}
	defer p.Close()
	if now, err := (owner.Scanner{}).Stat(s.PID); err == nil && now.Same(s) {
		_ = p.Signal(sig) // it may have ended
	}
}
