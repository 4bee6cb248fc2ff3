package wrapper

import (
	"fmt"
	"strings"

	"portguard/netdiag"
	"portguard/systemd"
)

// next is the lowest allowed rung above the last one climbed that may help any of the endpoints still wanted.
func (p Policy) next(climbed Rung, wanted []netdiag.Verdict) (Rung, bool) {
	for r := climbed + 1; r <= Kill; r++ {
		if !p.allows(r) {
			continue
		}
		for _, v := range wanted {
			if r.helps(v) {
				return r, true
			}
		}
	}
	return Ground, false
}

// helps reports whether the rung can turn the verdict into free at all.
func (r Rung) helps(v netdiag.Verdict) bool {
	return v == netdiag.Taken || r == Wait && v == netdiag.NoAddress
}

// Decision is what a rung may do about one holder. The zero Result means go ahead.
type Decision struct {
	Result Result
	Why    string
}

func (d Decision) goAhead() bool { return d.Result == "" }

func notPossible(format string, args ...any) Decision {
	return Decision{NotPossible, fmt.Sprintf(format, args...)}
}

// decide tells what a rung may do about one holder of an endpoint. protected are pid 1, portguard itself and its
// ancestors, with what to call them.
func (p Policy) decide(r Rung, e netdiag.Endpoint, h netdiag.Holder, protected map[int]string) Decision {
	switch {
	case h.Kind == netdiag.Kernel:
		return notPossible("a socket of the kernel itself is never touched")
	case e.Protocol == netdiag.UDP && !h.Certain:
		return notPossible("whether it is what stands in the way cannot be told: that hangs on socket options, and on who came first")
	}
	switch r {
	case Share:
		return p.decideShare(e, h, protected)
	case Close:
		return p.decideClose(e, h, protected)
	case RestartUnit:
		return p.decideRestart(h, protected)
	}
	return p.decideKill(h, protected)
}

// attainable reports whether each holder of an endpoint can be dealt with by the rung or by a later one that is allowed.
// Where it is not so, the endpoint stays taken whatever is done to the others.
func (p Policy) attainable(from Rung, f netdiag.Finding, protected map[int]string) bool {
	if from < Wait && p.allows(Wait) && Wait.helps(f.Trial.Verdict) {
		return true // whatever it is, it may go by itself
	}
	if f.Trial.Verdict != netdiag.Taken || len(f.Holders) == 0 {
		return false
	}
	for _, h := range f.Holders {
		possible := false
		for r := from; r <= Kill; r++ {
			possible = possible || r != Wait && p.allows(r) && p.decide(r, f.Endpoint, h, protected).goAhead()
		}
		if !possible {
			return false
		}
	}
	return true
}

// MayShare reports whether the share rung could act on the holder, but for what only trying tells.
func MayShare(e netdiag.Endpoint, h netdiag.Holder) bool {
	return Policy{}.decide(Share, e, h, nil).goAhead()
}

// decideShare: what is shared loses nothing, so --only does not narrow it.
func (p Policy) decideShare(e netdiag.Endpoint, h netdiag.Holder, protected map[int]string) Decision {
	switch {
	case e.Protocol == netdiag.UDP:
		return notPossible("UDP sockets that share a port take each other's datagrams")
	case e.ReuseAddr == netdiag.ReuseNo:
		return notPossible("a service without SO_REUSEADDR cannot bind beside it")
	case h.Kind == netdiag.Listener:
		return notPossible("nothing binds beside a listening socket")
	case h.Absence == netdiag.NotAccepted:
		return notPossible("it waits in the queue of a listener")
	case h.Kind == netdiag.Closing:
		return notPossible("no process has it any more, and it still has data to send: wait for it")
	case h.Kind == netdiag.Remains:
		return Decision{}
	case h.Socket.ULP == "mptcp":
		return notPossible("the kernel does not let a connected MPTCP socket share: --close cuts it")
	}
	return mayTouch(h, Only{}, protected)
}

// decideClose: a socket that listens, or belongs to a listener, is a service's.
func (p Policy) decideClose(e netdiag.Endpoint, h netdiag.Holder, protected map[int]string) Decision {
	switch {
	case (h.Kind == netdiag.Listener || h.Absence == netdiag.NotAccepted) && !p.KillListeners:
		return notPossible("a listening service is never touched without --kill-listeners")
	case h.Absence == netdiag.NotAccepted, h.Kind == netdiag.Remains, h.Kind == netdiag.Closing, h.Absence == netdiag.StaleSubflow:
		return Decision{}
	case staysBound(h) && e.ReuseAddr == netdiag.ReuseNo:
		return notPossible("its program asked for the port and keeps it when the connection is cut")
	case staysBound(h) && e.Protocol == netdiag.UDP:
		return notPossible("its program asked for the port and keeps it until it closes the socket")
	}
	return mayTouch(h, p.Only, protected)
}

// staysBound reports whether the socket keeps the port without its connection: then it can only be shared.
func staysBound(h netdiag.Holder) bool {
	return h.Kind == netdiag.Bound || h.Kind == netdiag.BoundClient || h.Kind == netdiag.Listener
}

// decideRestart: the whole service, or nothing.
func (p Policy) decideRestart(h netdiag.Holder, protected map[int]string) Decision {
	d := p.decideKill(h, protected)
	if !d.goAhead() || len(h.Owners) == 0 {
		return d
	}
	if serviceOf(h) == "" {
		return notPossible("it is not one service of systemd's that has it")
	}
	return Decision{}
}

// ServiceOf is the system's service that all owners of all holders belong to, "" when there is no such one.
func ServiceOf(holders []netdiag.Holder) string {
	name := ""
	for i, h := range holders {
		unit := serviceOf(h)
		if i > 0 && unit != name {
			return ""
		}
		name = unit
	}
	return name
}

// serviceOf is the system's service that all owners belong to, "" when there is no such one.
func serviceOf(h netdiag.Holder) string {
	name := ""
	for _, o := range h.Owners {
		u, ok := systemd.UnitOfCgroup(o.Cgroup)
		if !ok || u.User || !strings.HasSuffix(u.Name, ".service") || name != "" && name != u.Name {
			return ""
		}
		name = u.Name
	}
	return name
}

// decideKill: every process that has the socket, or none, since one that stays keeps the socket.
func (p Policy) decideKill(h netdiag.Holder, protected map[int]string) Decision {
	switch {
	case h.Kind == netdiag.Remains, h.Kind == netdiag.Closing:
		return Decision{} // nobody's: there is a record to clear, and no process to end
	case h.Kind == netdiag.Listener && !p.KillListeners:
		return notPossible("a listening service is never touched without --kill-listeners")
	case h.Absence == netdiag.NotAccepted:
		return Decision{} // goes with its listener
	}
	return mayTouch(h, p.Only, protected)
}

// mayTouch refuses a holder when any of its owners is protected, or not one that only allows.
func mayTouch(h netdiag.Holder, only Only, protected map[int]string) Decision {
	if len(h.Owners) == 0 {
		return unseenOwner(h)
	}
	for _, o := range h.Owners {
		if who, ok := protected[o.PID]; ok {
			return notPossible("pid %d is %s and is never touched", o.PID, who)
		}
		if flag := only.excludes(o); flag != "" {
			return notPossible("pid %d is not one that %s allows", o.PID, flag)
		}
	}
	return Decision{}
}

// unseenOwner refuses a holder whose owner did not show, by reason: what nobody may know is not possible, what another
// user may know is not permitted.
func unseenOwner(h netdiag.Holder) Decision {
	switch h.Absence {
	case netdiag.NotPermitted, netdiag.Hidden:
		return Decision{NotPermitted, "its owner is not visible to this user"}
	case netdiag.OtherPIDNamespace:
		return notPossible("its owner is outside this pid namespace")
	case netdiag.NoProc:
		return notPossible("its owner cannot be found without /proc")
	case netdiag.Unsearched:
		return notPossible("no memory or open files were left to look for its owner")
	}
	return notPossible("no process has it open")
}
