package e2e

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/ports"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
)

// A program that keeps hosts in a state goes by "changed".
func TestReserveTellsProgramsWhatHasChanged(t *testing.T) {
	r := newSysctlRig(t)
	if err := portrange.SetReserved(portrange.Of(8080)); err != nil {
		t.Fatal(err)
	}
	now := func(before, after string) ports.JSONReservedNow {
		return ports.JSONReservedNow{Before: before, After: after}
	}
	file := func(changed bool, after string) ports.JSONReservedAt {
		return ports.JSONReservedAt{File: reserved.Path, Changed: changed, After: after}
	}
	for _, step := range []struct {
		name string
		args []string
		want ports.JSONReservation
	}{
		{"it would", []string{"reserve", "--dry-run", "30010"}, ports.JSONReservation{Version: 1, Ports: "30010", Changed: true, DryRun: true, Now: now("8080", "8080,30010"), Boot: file(true, "30010")}},
		{"it does", []string{"reserve", "30010"}, ports.JSONReservation{Version: 1, Ports: "30010", Changed: true, DryRun: false, Now: now("8080", "8080,30010"), Boot: file(true, "30010")}},
		{"what is reserved", []string{"reserve"}, ports.JSONReservation{Version: 1, Ports: "8080,30010", Changed: false, DryRun: false, Now: now("8080,30010", "8080,30010"), Boot: file(false, "30010")}},
		{"it is so", []string{"reserve", "30010"}, ports.JSONReservation{Version: 1, Ports: "30010", Changed: false, DryRun: false, Now: now("8080,30010", "8080,30010"), Boot: file(false, "30010")}},
		{"for now", []string{"reserve", "--runtime", "30010,30011"}, ports.JSONReservation{Version: 1, Ports: "30010-30011", Changed: true, DryRun: false, Now: now("8080,30010", "8080,30010-30011"), Boot: file(false, "30010")}},
		{"no more", []string{"release", "30010-30011"}, ports.JSONReservation{Version: 1, Ports: "30010-30011", Changed: true, DryRun: false, Now: now("8080,30010-30011", "8080"), Boot: file(true, "")}},
		{"it never was", []string{"release", "30010"}, ports.JSONReservation{Version: 1, Ports: "30010", Changed: false, DryRun: false, Now: now("8080", "8080"), Boot: file(false, "")}},
	} {
		out := r.runs(t, 0, append(step.args, "--json")...)
		var got ports.JSONReservation
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%s: %v\n%s", step.name, err, out)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", step.name, diff)
		}
	}
	says(t, r.runs(t, cli.ExitUsage, "release", "--json"), "needs to know which ports")
}
