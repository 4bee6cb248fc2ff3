package systemd

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/systemd/rigtest"
)

// journald reads back what was written: values of several lines, and those that are too long for a datagram.
func TestJournalEntry(t *testing.T) {
	if !rigtest.Inside(t) {
		return
	}
	j := OpenJournal()
	if j == nil {
		t.Fatal("journald cannot be reached")
	}
	for _, tt := range []struct{ name, message string }{
		{"one line", "a = b"},
		{"several lines", "one\ntwo=2\n\nfour\n"},
		{"no text", ""},
		{"too long for a datagram", strings.Repeat("0123456789", 50_000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id := strings.ReplaceAll(tt.name, " ", "-")
			if err := j.Entry(journal.PriNotice, tt.message, map[string]string{"SYSLOG_IDENTIFIER": id}); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("journalctl", "--sync").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			out, err := exec.Command("journalctl", "-b", "--all", "-o", "json", "-t", id).Output()
			if err != nil {
				t.Fatal(err)
			}
			var e struct{ MESSAGE, PRIORITY string }
			if err := json.Unmarshal(out, &e); err != nil {
				t.Fatalf("%v: %.200s", err, out)
			}
			if e.MESSAGE != tt.message || e.PRIORITY != "5" {
				t.Errorf("the journal has %.60q (%d bytes), priority %s", e.MESSAGE, len(e.MESSAGE), e.PRIORITY)
			}
		})
	}
}
