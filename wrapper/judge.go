package wrapper

import (
	"context"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/internal/environ"
	"portguard/netdiag/owner"
	"portguard/systemd"
	"portguard/wrapper/decide"
)

// judge finds out what decisions rest on, as it is now: who else serves beside the holders only where that may be asked for, and
// what systemd knows of those services only that might be restarted.
func (g *Guard) judge(ctx context.Context, r *Report, units []string) decide.Judge {
	own, ofUser := ownUnit()
	j := decide.Judge{Policy: g.policy, OwnUnit: own, Starts: startedFor(), Around: decide.Around{Parts: g.parts}, MayRise: mayRise()}
	if g.policy.Kill || g.policy.RestartUnit {
		j.Around.Services = g.lookBeside(ctx, r)
	}
	if j.Protected, j.Blind = protectedPIDs(); j.Blind == nil {
		j.Program, j.Blind = owner.Scanner{}.Self()
	}
	if j.Blind == nil {
		if ofUser {
			own = "" // what starts there is a user's service manager
		}
		j.Services, j.Own = g.askServices(ctx, units, own)
	}
	return j
}

// mayRise reports whether this user is not root and could become root, by sudo.
func mayRise() bool {
	stuck, _ := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	return os.Geteuid() != 0 && stuck == 0
}

// protectedPIDs are never touched, with what to call them. Where /proc is another pid namespace's, or does not name all
// ancestors, nobody can be told from anybody: an error.
func protectedPIDs() (map[int]string, error) {
	if err := (owner.Scanner{}).Ours(); err != nil {
		return nil, err
	}
	self := os.Getpid()
	line, err := owner.Ancestors(self)
	if err != nil {
		return nil, err
	}
	protected := map[int]string{1: "the init process", self: "portguard itself"}
	for _, pid := range line {
		if _, ok := protected[pid]; !ok {
			protected[pid] = "a process that portguard runs in"
		}
	}
	return protected, nil
}

// ownUnit is the system's unit that portguard itself runs in, "" when there is none: of a user's unit that of the user's manager.
func ownUnit() (name string, ofUser bool) {
	own, err := (owner.Scanner{}).Process(os.Getpid())
	if err != nil {
		return "", false
	}
	u, _ := systemd.UnitOfCgroup(own.Cgroup)
	if u.User {
		return u.Owner, true
	}
	return u.Name, false
}

// startedFor is the service that systemd has started this very process for.
func startedFor() systemd.Unit {
	if !environ.FromSystemd(os.Environ(), os.Getpid()) {
		return systemd.Unit{}
	}
	own, err := (owner.Scanner{}).Process(os.Getpid())
	if err != nil {
		return systemd.Unit{}
	}
	if u, _ := systemd.UnitOfCgroup(own.Cgroup); strings.HasSuffix(u.Name, ".service") {
		return u
	}
	return systemd.Unit{}
}
