package e2e

import (
	"os"
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper"
)

// What people match on in the journal is documented.
func TestJournalIsDocumented(t *testing.T) {
	b, err := os.ReadFile("../../../../docs/systemd.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	for _, id := range []cli.MessageID{cli.MsgTaken, cli.MsgFree, cli.MsgWaiting, cli.MsgActed, cli.MsgHeld, cli.MsgFailed} {
		if !strings.Contains(doc, "`"+string(id)+"`") {
			t.Errorf("docs/systemd.md does not have MESSAGE_ID %s", id)
		}
	}
	o := &wrapper.Outcome{Finding: netdiag.Finding{Holders: []netdiag.Holder{{
		Cgroup: "/system.slice/order.service",
		Owners: []owner.Process{{PID: 7, Command: "order"}},
	}}}}
	for field := range cli.Fields(cli.MsgTaken, report.About(o)) {
		if field != "SYSLOG_IDENTIFIER" && !strings.Contains(doc, "`"+field+"`") {
			t.Errorf("docs/systemd.md does not have the field %s", field)
		}
	}
}
