package guard

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper"
)

// A report is whole when somebody else has the port than at the tries before, or when it was free meanwhile.
func TestRunsReportWhatIsNews(t *testing.T) {
	found := func(pids ...int) *wrapper.Report {
		e := netdiag.Endpoint{Port: 30010}
		o := wrapper.Outcome{Finding: netdiag.Finding{Endpoint: e, Trial: netdiag.Trial{Verdict: netdiag.Free, FD: -1}}}
		for _, pid := range pids {
			o.Trial.Verdict = netdiag.Taken
			o.Holders = append(o.Holders, netdiag.Holder{Kind: netdiag.Client, Owners: []owner.Process{{PID: pid, Command: "pool"}}})
		}
		return &wrapper.Report{Outcomes: []wrapper.Outcome{o}}
	}
	const free = 0
	var errs bytes.Buffer
	a := &cli.App{Stderr: &errs, Log: cli.Log{W: &errs}}
	r := &runs{attempt: &attempt{app: a, out: report.NewOutput(a, flags.Output{}, true)}, told: map[string]time.Time{}}
	var whole []bool
	for _, pid := range []int{7, 7, 8, 8, 7, free, 7, 7} {
		errs.Reset()
		now := found(pid)
		if pid == free {
			now = found()
		}
		if err := r.report(now); err != nil {
			t.Fatal(err)
		}
		if pid != free {
			whole = append(whole, errs.Len() > 0)
		}
	}
	if diff := cmp.Diff([]bool{true, false, true, false, false, true, false}, whole); diff != "" {
		t.Errorf("whole reports (-want +got)\n%s", diff)
	}
}
