package wrapper

import (
	"fmt"
	"os"
	"strconv"

	"portguard/netdiag/owner"
	"portguard/systemd"
)

// judge finds out what decisions rest on, as it is now.
func (g *Guard) judge() Judge {
	j := Judge{Policy: g.policy, OwnUnit: ownUnit()}
	j.Protected, j.Blind = protectedPIDs()
	return j
}

// protectedPIDs are never touched, with what to call them. Where /proc counts processes in another way than system calls
// do, as in a pid namespace without a /proc of its own, nobody can be told from anybody: an error.
func protectedPIDs() (map[int]string, error) {
	self := os.Getpid()
	if shown, err := os.Readlink("/proc/self"); err == nil && shown != strconv.Itoa(self) {
		return nil, fmt.Errorf("/proc is another pid namespace's: it has process %d as %s", self, shown)
	}
	protected := map[int]string{1: "the init process", self: "portguard itself"}
	line, err := owner.Ancestors(self)
	if err != nil {
		return nil, err
	}
	for _, pid := range line {
		if _, ok := protected[pid]; !ok {
			protected[pid] = "a process that portguard runs in"
		}
	}
	return protected, nil
}

// ownUnit is the service that portguard itself runs in, "" when there is none.
func ownUnit() string {
	own, err := (owner.Scanner{}).Process(os.Getpid())
	if err != nil {
		return ""
	}
	u, _ := systemd.UnitOfCgroup(own.Cgroup)
	return u.Name
}
