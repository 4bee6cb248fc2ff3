package report

import (
	"fmt"
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report/why"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper"
)

// group is the outcome of the first of some neighbouring ports, and of all the others up to the last.
type group struct {
	*wrapper.Outcome
	last uint16
}

func alone(o *wrapper.Outcome) group { return group{o, o.Endpoint.Port} }

// fold puts neighbouring ports together of which there is the same to be said.
func (t Text) fold(all []wrapper.Outcome) []group {
	var groups []group
	for i := range all {
		o := &all[i]
		if n := len(groups) - 1; n >= 0 && t.alike(groups[n], o) {
			groups[n].last = o.Endpoint.Port
			continue
		}
		groups = append(groups, alone(o))
	}
	return groups
}

// alike reports whether an outcome says of the next port what a group says of its own.
func (t Text) alike(g group, o *wrapper.Outcome) bool {
	next := g.Endpoint
	next.Port = g.last + 1
	if next != o.Endpoint || g.Trial.Verdict != o.Trial.Verdict || g.Trial.Errno != o.Trial.Errno || g.Trial.Failed != o.Trial.Failed ||
		g.By != o.By || g.WouldBeFree != o.WouldBeFree || len(t.toList(g.Outcome))+len(t.toList(o)) > 0 {
		return false
	}
	if rules := t.Facts.firewall(); len(Diverted(rules, g.Endpoint))+len(Diverted(rules, o.Endpoint)) > 0 {
		return false
	}
	if o.Trial.Verdict == netdiag.Forbidden {
		return g.Endpoint.Port >= 1024 || o.Endpoint.Port < 1024
	}
	if o.Trial.Verdict != netdiag.Taken {
		return true
	}
	return g.Unexplained == nil && o.Unexplained == nil && g.Partial == o.Partial &&
		slices.EqualFunc(g.Holders, o.Holders, func(a, b netdiag.Holder) bool { return t.sameServer(a, b) })
}

// sameServer reports whether the same processes receive on two ports in the same way.
func (t Text) sameServer(a, b netdiag.Holder) bool {
	receives := a.Kind == netdiag.Listener || a.Kind == netdiag.Bound
	sameProcess := func(p, q owner.Process) bool { return p.ID() == q.ID() }
	return receives && a.Kind == b.Kind && a.Socket.State == b.Socket.State && a.Socket.Local.Addr() == b.Socket.Local.Addr() &&
		len(a.Owners) > 0 && slices.EqualFunc(a.Owners, b.Owners, sameProcess) && a.Cgroup == b.Cgroup && a.Certain == b.Certain &&
		why.Sentence(a, t.Facts.Facts) == why.Sentence(b, t.Facts.Facts)
}

func (g group) ports() int { return int(g.last) - int(g.Endpoint.Port) + 1 }

// name is the endpoint's, or that of all: "30000-30100/tcp".
func (g group) name() string { return g.Endpoint.Through(g.last) }

// are begins a sentence about the group: "30010/tcp is", "30000-30100/tcp: 101 ports are".
func (g group) are() string {
	if n := g.ports(); n > 1 {
		return fmt.Sprintf("%s: %s are", g.name(), page.Count(n))
	}
	return g.name() + " is"
}

// tally counts what cannot be had, "" where that goes without saying.
func tally(r *wrapper.Report) string {
	var not []netdiag.Endpoint
	word := "taken"
	for i := range r.Outcomes {
		if v := r.Outcomes[i].Trial.Verdict; v != netdiag.Free {
			not = append(not, r.Outcomes[i].Endpoint)
			if v != netdiag.Taken {
				word = "not to be had"
			}
		}
	}
	if len(not) == 0 {
		return ""
	}
	which := strings.ReplaceAll(netdiag.Arguments(not), ",", ", ")
	are := "are"
	if len(not) == 1 {
		are = "is"
	}
	return fmt.Sprintf("%d of %s %s %s: %s", len(not), page.Count(len(r.Outcomes)), are, word, which)
}
