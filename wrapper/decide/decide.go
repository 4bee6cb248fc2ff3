// Package decide answers one question: what may a rung do about a holder? It rests on what the caller allows and on what was found
// out before, and touches nothing: the act, the dry run and the advice have the same answer.
//
// Each rung has a file for what is its own. owner.go has whose sockets no rung touches, container.go and only.go whom else it spares.
package decide

import (
	"fmt"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/systemd"
)

// Result is how a rung ended for one holder, in the words of the JSON report. A Judge's Decision has one when it refuses.
type Result string

// The results.
const (
	Done         Result = "done"
	Failed       Result = "failed"
	NotPermitted Result = "not-permitted"
	NotPossible  Result = "not-possible"
	Would        Result = "would" // dry run
)

// Decision is what a rung may do about one holder: Judge.Decide's answer, which a rung asks for before it touches that holder. The
// zero Result means go ahead.
type Decision struct {
	Result Result
	Why    string
	// Instead is a command that would do what no rung may: "docker stop web". "" where there is none to name.
	Instead string
}

// GoAhead reports whether nothing is said against it.
func (d Decision) GoAhead() bool { return d.Result == "" }

// String is the decision as an action's detail.
func (d Decision) String() string {
	if d.Instead == "" {
		return d.Why
	}
	return d.Why + ": " + d.Instead
}

func notPossible(format string, args ...any) Decision {
	return Decision{Result: NotPossible, Why: fmt.Sprintf(format, args...)}
}

// Judge decides whom a rung may touch: the same one for the act, the dry run and the advice. It rests on what was found out
// before, and asks nobody. Guard.judge makes one each time that a rung looks at holders, and the one in the Report when the
// ladder is at its end.
//
// Protected, whatever the flags, are those whose end, or whose broken connection, would be the end of others: see protects. To
// share what they have open harms nobody.
type Judge struct {
	Policy Policy
	// Protected are the processes that are never touched, with what to call them: pid 1, portguard itself, its ancestors.
	Protected map[int]string
	// Program is portguard's own: what runs it, too, is another portguard.
	Program owner.Program
	// Blind is why it cannot be told who is protected; nil when it can. Then nobody is touched.
	Blind error
	// OwnUnit is the service that portguard itself runs in, "" when there is none.
	OwnUnit string
	// Own is what systemd tells of OwnUnit, where a service that has one of the endpoints is ordered after it.
	Own Start
	// Starts is the service that systemd has started portguard for, which does not run yet; the zero Unit when there is none.
	Starts systemd.Unit
	// Around has the containers and the other services that would be harmed.
	Around Around
	// Services are those that have one of the endpoints, as systemd knows them, where they were asked for.
	Services map[string]Service
	// MayRise: this user is not root, and could be.
	MayRise bool
	// Powers are this user's, in the Report.
	Powers Powers
}

// Decide tells what a rung may do about one holder of an endpoint.
func (j Judge) Decide(r Rung, e netdiag.Endpoint, h *netdiag.Holder) Decision {
	switch {
	case j.Blind != nil:
		return j.RefusesAll()
	case h.Kind == netdiag.Kernel:
		return notPossible("a socket of the kernel itself is never touched")
	case r != Share && h.MayBeApart():
		return notPossible("it is bound in a VRF, and nothing tells whether it stands in the way: that hangs on what net.ipv4.tcp_l3mdev_accept was then")
	case e.Protocol == netdiag.UDP && !h.Certain:
		return notPossible("whether it is what stands in the way cannot be told: that hangs on socket options, and on who came first")
	}
	if d := j.spares(r, h); !d.GoAhead() {
		return d
	}
	switch r {
	case Share:
		return j.decideShare(e, h)
	case Close:
		return j.decideClose(e, h)
	case RestartUnit:
		return j.decideRestart(h)
	}
	return j.decideKill(h)
}

// attainable reports whether each holder of an endpoint can be dealt with by the rung or by a later one that is allowed.
// Where it is not so, the endpoint stays taken whatever is done to the others. A share of the others harms nobody: it may
// be tried beside a holder that may be in nobody's way. may tells of a rung whether this user may do it, too.
func (j Judge) Attainable(from Rung, f *netdiag.Finding, may func(Rung, *netdiag.Holder) bool) bool {
	if from < Wait && j.Policy.Allows(Wait) && Wait.helps(f.Trial.Verdict) {
		return true // whatever it is, it may go by itself
	}
	if f.Trial.Verdict != netdiag.Taken || len(f.Holders) == 0 {
		return false
	}
	for i := range f.Holders {
		possible := from == Share && f.Holders[i].MayBeApart()
		for r := from; r <= Kill; r++ {
			possible = possible || r != Wait && j.Policy.Allows(r) && j.Decide(r, f.Endpoint, &f.Holders[i]).GoAhead() && may(r, &f.Holders[i])
		}
		if !possible {
			return false
		}
	}
	return true
}
