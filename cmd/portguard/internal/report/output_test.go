package report

import (
	"strings"
	"testing"

	"portguard/netdiag"
	"portguard/wrapper"
)

// writes counts them.
type writes struct {
	strings.Builder
	n int
}

func (w *writes) Write(b []byte) (int, error) {
	w.n++
	return w.Builder.Write(b)
}

// Every second port is free and none can be told together with its neighbour: a line for each, and no write for each.
func TestAReportOfManyLinesIsWrittenInFewPieces(t *testing.T) {
	const ports = 1000
	r := &wrapper.Report{Outcomes: make([]wrapper.Outcome, ports)}
	for i := range r.Outcomes {
		r.Outcomes[i].Endpoint = netdiag.Endpoint{Protocol: netdiag.TCP, Port: uint16(20_000 + 2*i)}
		r.Outcomes[i].Trial.Verdict = netdiag.Free
	}
	var w writes
	out := Output{w: &w, Facts: func() Facts { return Facts{} }}
	if err := out.Report(r); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(w.String(), "\n"); lines < ports || !strings.Contains(w.String(), "20998/tcp is free\n") {
		t.Errorf("%d lines:\n%.200s", lines, w.String())
	}
	if w.n > ports/10 {
		t.Errorf("%d writes", w.n)
	}
}
