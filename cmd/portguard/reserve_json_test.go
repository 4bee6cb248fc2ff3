package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
)

// A program that keeps hosts in a state goes by "changed".
func TestReserveTellsProgramsWhatHasChanged(t *testing.T) {
	r := newSysctlRig(t)
	if err := portrange.SetReserved(portrange.Of(8080)); err != nil {
		t.Fatal(err)
	}
	now := func(before, after string) jsonReservedNow { return jsonReservedNow{before, after} }
	file := func(changed bool) jsonReservedAt { return jsonReservedAt{reserved.Path, changed} }
	for _, step := range []struct {
		name string
		args []string
		want jsonReservation
	}{
		{"it would", []string{"reserve", "--dry-run", "30010"}, jsonReservation{1, "30010", true, true, now("8080", "8080,30010"), file(true)}},
		{"it does", []string{"reserve", "30010"}, jsonReservation{1, "30010", true, false, now("8080", "8080,30010"), file(true)}},
		{"it is so", []string{"reserve", "30010"}, jsonReservation{1, "30010", false, false, now("8080,30010", "8080,30010"), file(false)}},
		{"for now", []string{"reserve", "--runtime", "30010,30011"}, jsonReservation{1, "30010-30011", true, false, now("8080,30010", "8080,30010-30011"), file(false)}},
		{"no more", []string{"release", "30010-30011"}, jsonReservation{1, "30010-30011", true, false, now("8080,30010-30011", "8080"), file(true)}},
		{"it never was", []string{"release", "30010"}, jsonReservation{1, "30010", false, false, now("8080", "8080"), file(false)}},
	} {
		out := r.runs(t, 0, append(step.args, "--json")...)
		var got jsonReservation
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%s: %v\n%s", step.name, err, out)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", step.name, diff)
		}
	}
	says(t, r.runs(t, cli.ExitUsage, "reserve", "--json"), "needs to know which ports")
}
