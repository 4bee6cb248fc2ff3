package report

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper"
)

// advice is one command that would help, and what it does.
type advice struct {
	when    string // "now" or "always"
	Command string
	Effect  string
}

// Advise says what would help with an endpoint that is taken, least harm first. The judge of this run tells which rungs would.
func Advise(o *wrapper.Outcome, judge wrapper.Judge, facts Facts) []advice {
	if o.Trial.Verdict != netdiag.Taken && o.Trial.Verdict != netdiag.NoAddress {
		return nil
	}
	var all []advice
	endpoints := facts.again
	if endpoints == "" {
		endpoints = again([]netdiag.Endpoint{o.Endpoint})
	}
	now := func(flags, effect string) {
		all = append(all, advice{"now", fmt.Sprintf("portguard %s %s -- COMMAND", flags, endpoints), effect})
	}
	kinds := KindsOf(o)
	helps := func(r wrapper.Rung) bool {
		tried := inVain(o, r) || judge.Advises(r, false, &o.Finding) && refused(o, r)
		return judge.Advises(r, kinds[netdiag.Listener], &o.Finding) && !tried
	}
	if o.Trial.Verdict == netdiag.NoAddress {
		switch {
		case o.Trial.Errno == unix.ENODEV:
			now("--wait 60s", "start as soon as the interface is there")
		case o.Lack.Why == netdiag.Tentative:
			now("--wait 60s", "start as soon as it is certain")
		case o.Lack.Why != netdiag.NotThere: // it will not come by itself
		default:
			now("--wait 60s", "start as soon as the address is there")
			now("--freebind", "start without it, where the service sets IP_FREEBIND or IP_TRANSPARENT")
		}
		return all
	}
	switch {
	case !helps(wrapper.Share):
	case kinds.only(netdiag.Remains):
		now("--share", "clear what is left of the connection, then start")
	case kinds.only(netdiag.Bound):
		now("--share", "start beside the idle socket, nothing is cut")
	default:
		now("--share", "start beside the connection, nothing is cut")
	}
	switch {
	case inVain(o, wrapper.Wait):
	case slices.ContainsFunc(o.Holders, func(h netdiag.Holder) bool { return h.Kind == netdiag.Listener && judge.LeftOver(&h) != "" }): // nobody ends it
	case kinds.only(netdiag.Remains):
		now("--wait 70s", "start when the kernel lets go of it")
	case !kinds[netdiag.Kernel]:
		now("--wait 30s", "start as soon as it is free")
	}
	switch {
	case kinds[netdiag.Listener]:
		left := leftBehind(o)
		if left && helps(wrapper.Close) {
			now("--close --kill-listeners", "end the listening alone, which leaves the processes alive, then start")
		}
		switch {
		case !helps(wrapper.Kill):
		case left:
			now("--kill --kill-listeners", "end every process that has it, then start")
		default:
			now("--kill --kill-listeners", "end the service that has it, then start")
		}
	case kinds[netdiag.Bound]:
		if helps(wrapper.Kill) {
			now("--kill", "end the process that has it, then start")
		}
	case helps(wrapper.Close) && slices.ContainsFunc(o.Holders, func(h netdiag.Holder) bool { return h.ConnectedToItself() }):
		now("--close", "cut the connection, then start: its program reconnects, to the service")
	case helps(wrapper.Close):
		now("--close", "cut the connection, then start")
	case helps(wrapper.Kill) && !helps(wrapper.Share) && !helps(wrapper.RestartUnit):
		now("--kill", "end the process that has it, then start")
	}
	if unit := wrapper.ServiceOf(o.Holders); unit != "" && kinds.picked() && helps(wrapper.RestartUnit) {
		now("--restart-unit", "restart "+unit+", which reconnects from another port, then start")
	}
	all = append(all, adviseContainers(o, judge.Around)...)
	if kinds[netdiag.Client] && facts.Ephemeral.Contains(o.Endpoint.Port) && !facts.Reserved.Contains(o.Endpoint.Port) {
		all = append(all, advice{
			"always",
			fmt.Sprintf("portguard reserve %d", o.Endpoint.Port),
			fmt.Sprintf("the kernel never picks %d again", o.Endpoint.Port),
		})
	}
	if o.HoldCosts {
		all = append(all, advice{
			"always",
			fmt.Sprintf("portguard --hold none --reserve %s -- COMMAND", endpoints),
			"if COMMAND is what listens here: without SO_REUSEADDR, a socket that holds the port would cost it one",
		})
	}
	return all
}

// adviseContainers names the containers that have to be stopped for a published port, or one that a container's own service
// has, each once.
func adviseContainers(o *wrapper.Outcome, around wrapper.Around) []advice {
	var all []advice
	for i := range o.Holders {
		h := &o.Holders[i]
		if h.Kind != netdiag.Listener && h.Kind != netdiag.Bound {
			continue
		}
		part := around.Part(h)
		a := advice{"now", part.Stop(uint32(os.Geteuid())), "stop the container, which gives the port back"}
		if part.Container.ID == "" {
			a.Effect = "say which container it is, to be stopped"
		}
		if a.Command != "" && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// refused reports whether this very run has found the rung not possible for every holder: once more would be no better.
func refused(o *wrapper.Outcome, r wrapper.Rung) bool {
	impossible := map[netdiag.SocketID]bool{}
	for _, a := range o.Actions {
		if a.Rung == r && a.Result == wrapper.NotPossible && a.Holder != nil {
			impossible[a.Holder.ID()] = true
		}
	}
	for i := range o.Holders {
		if !impossible[o.Holders[i].ID()] {
			return false
		}
	}
	return len(o.Holders) > 0
}

type kindSet map[netdiag.Kind]bool

// KindsOf are the kinds of the holders that stand in the way.
func KindsOf(o *wrapper.Outcome) kindSet {
	kinds := kindSet{}
	for _, h := range o.Holders {
		kinds[h.Kind] = true
	}
	return kinds
}

func (s kindSet) only(k netdiag.Kind) bool { return s[k] && len(s) == 1 }

// picked reports whether the kernel has picked the port for whoever has it. After a restart it picks another; a program that has
// asked for the port, or listens on it, asks again.
func (s kindSet) picked() bool {
	return !s[netdiag.Listener] && !s[netdiag.Bound] && !s[netdiag.BoundClient] && !s[netdiag.Accepted]
}

// UserOf names the user of a process, by number where it has no name.
func UserOf(p owner.Process) string {
	if p.User != "" {
		return p.User
	}
	return strconv.FormatUint(uint64(p.UID), 10)
}

// UserName is the name of a user, or the number where it has none.
func UserName(uid uint32) string {
	number := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}
