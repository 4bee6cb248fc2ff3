package wrapper

import (
	"context"
	"os"

	"portguard/netdiag/owner"
	"portguard/systemd"
)

// judge finds out what decisions rest on, as it is now: who else serves beside the holders only where that may be asked for, and
// what systemd knows of those services only that might be restarted.
func (g *Guard) judge(ctx context.Context, r *Report, units []string) Judge {
	j := Judge{Policy: g.policy, OwnUnit: ownUnit(), Around: Around{parts: g.parts}}
	if g.policy.Kill || g.policy.RestartUnit {
		j.Around.Services = g.lookBeside(ctx, r)
	}
	if j.Protected, j.Blind = protectedPIDs(); j.Blind == nil {
		j.Program, j.Blind = owner.Scanner{}.Self()
	}
	if j.Blind == nil {
		j.Services = g.askServices(ctx, units)
	}
	return j
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

// ownUnit is the system's unit that portguard itself runs in, "" when there is none.
func ownUnit() string {
	own, err := (owner.Scanner{}).Process(os.Getpid())
	if err != nil {
		return ""
	}
	u, _ := systemd.UnitOfCgroup(own.Cgroup)
	if u.User {
		return u.Owner
	}
	return u.Name
}
