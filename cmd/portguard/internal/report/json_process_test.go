package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper"
)

// What the text says of a process has a word in JSON.
func TestJSONConditionsSayWhatTheTextSays(t *testing.T) {
	for _, tt := range []struct {
		c    owner.Condition
		want string
		text string
	}{
		{owner.Condition{State: 'S'}, "", ""},
		{owner.Condition{State: 'D'}, "", "in uninterruptible sleep"},
		{owner.Condition{State: 'T'}, "stopped", "stopped (SIGCONT"},
		{owner.Condition{State: 'T', Tracer: 9}, "traced", "process 9"},
		{owner.Condition{State: 't', Tracer: 9, Killed: true}, "traced killed", "pending SIGKILL"},
		{owner.Condition{State: 'D', Frozen: "/sys/fs/cgroup/x", Killed: true}, "frozen killed", "frozen with its cgroup /sys/fs/cgroup/x"},
	} {
		if diff := cmp.Diff(tt.want, strings.Join(conditions(tt.c), " ")); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", tt.c, diff)
		}
		if text := wrapper.Hindrance(tt.c); !strings.Contains(text, tt.text) {
			t.Errorf("%+v is %q in the text", tt.c, text)
		}
	}
}

// Whom the text names as the keeper of a socket that nobody has open, JSON names as well, and whose a unit is.
func TestJSONOfKeepersAndUsersUnits(t *testing.T) {
	o := reporttest.Incident()
	h := &o.Holders[0]
	ring := h.Owners[0]
	h.Owners, h.Absence = nil, netdiag.InRing
	h.Hints = []owner.Hint{{Kind: owner.HintIOURing, Process: ring}, {Kind: owner.HintInFlight, Process: owner.Process{PID: 7}}}
	h.Cgroup = "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service"
	j := HolderJSON(*h, incidentFacts.Facts)
	if *j.Unit != "web.service" || j.UnitOwner != "user@1000.service" {
		t.Errorf("unit %q of %q", *j.Unit, j.UnitOwner)
	}
	want := []JSONKeeper{{"io_uring", true, ProcessJSON(ring)}, {"in-flight", false, ProcessJSON(owner.Process{PID: 7})}}
	if diff := cmp.Diff(want, j.KeptBy); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
