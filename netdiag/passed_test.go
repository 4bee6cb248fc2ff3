package netdiag

import (
	"testing"

	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

func TestPassed(t *testing.T) {
	const none = 1 << 30 // a pid that no process has
	process := func(pid, parent int) owner.Process { return owner.Process{PID: none + pid, Parent: parent} }
	child := func(pid, parent int) owner.Process { return process(pid, none+parent) }
	for _, tt := range []struct {
		name   string
		owners []owner.Process
		closes sockdiag.Tristate
		want   Passed
	}{
		{"nobody shows", nil, sockdiag.Unknown, NotPassed},
		{"a program of today, which keeps it from what it starts", []owner.Process{process(1, 1)}, sockdiag.Yes, NotPassed},
		{"one that may have it from its parent", []owner.Process{process(1, 1)}, sockdiag.No, MayBePassed},
		{"it cannot be told", []owner.Process{process(1, 1)}, sockdiag.Unknown, NotPassed},
		{"a master and its workers", []owner.Process{child(2, 1), process(1, 1), child(3, 2)}, sockdiag.Yes, NotPassed},
		{"workers whose master is gone", []owner.Process{process(2, 1), process(3, 1)}, sockdiag.Yes, LeftToThem},
		{"two families", []owner.Process{process(1, 1), child(2, 1), process(3, 1)}, sockdiag.No, LeftToThem},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := passed(tt.owners, func(owner.Process) sockdiag.Tristate { return tt.closes }); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestServed(t *testing.T) {
	type answer struct{ waits, known bool }
	for _, tt := range []struct {
		name    string
		answers []answer
		want    sockdiag.Tristate
	}{
		{"one serves", []answer{{false, true}, {true, true}, {false, false}}, sockdiag.Yes},
		{"none does", []answer{{false, true}, {false, true}}, sockdiag.No},
		{"one cannot be seen", []answer{{false, false}, {false, true}}, sockdiag.Unknown},
		{"a crowd", make([]answer, 17), sockdiag.Unknown},
	} {
		owners := make([]owner.Process, len(tt.answers))
		for i := range owners {
			owners[i].PID = i
		}
		got := served(owners, func(o owner.Process) (bool, bool) { return tt.answers[o.PID].waits, tt.answers[o.PID].known })
		if got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
