package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
)

// entry is what one of our entries in the journal has.
type entry struct {
	ID         string `json:"MESSAGE_ID"`
	Priority   string `json:"PRIORITY"`
	Verdict    string `json:"PORTGUARD_VERDICT"`
	Kind       string `json:"PORTGUARD_HOLDER_KIND"`
	HolderPID  string `json:"PORTGUARD_HOLDER_PID"`
	HolderUnit string `json:"PORTGUARD_HOLDER_UNIT"`
	Unit       string `json:"_SYSTEMD_UNIT"`
	Message    any    `json:"MESSAGE"` // an array of numbers when it is not printable
}

// entries are what journalctl finds, in order, and their messages apart.
func (r systemdRig) entries(t *testing.T, match string) (all []entry, messages []string) {
	t.Helper()
	for line := range strings.Lines(r.Shell(t, "journalctl --sync; journalctl -b -o json "+match)) {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		text, ok := e.Message.(string)
		if !ok || strings.ContainsAny(text, "\n\x1b") {
			t.Errorf("not one plain line: %v", e.Message)
		}
		e.Message = nil
		all, messages = append(all, e), append(messages, text)
	}
	return all, messages
}

// journalctl PORTGUARD_PORT=40020 is the port's story, and journalctl -u has it, too, though portguard exits at once.
func (r systemdRig) testJournal(t *testing.T) {
	pid := r.hold(t, "squatter", "-from 40020")
	r.Unit(t, "story.service", "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nEnvironmentFile=/run/story\n"+
		"ExecStart=/usr/local/bin/portguard -p 40020 $FLAGS\n")
	r.Shell(t, "systemctl daemon-reload")
	run := func(flags string) {
		_, _, _ = r.Run("bash", "-c", "echo FLAGS="+flags+" >/run/story; systemctl start story") // it fails where the port is taken
	}
	for range 5 {
		run("")
	}
	run("--wait=200ms")
	run("--close")
	run("")

	taken := entry{string(cli.MsgTaken), "3", "taken", "client", pid, "squatter.service", "story.service", nil}
	waits := entry{string(cli.MsgWaiting), "5", "taken", "client", pid, "squatter.service", "story.service", nil}
	cut := entry{string(cli.MsgActed), "5", "taken", "client", pid, "squatter.service", "story.service", nil}
	freed := entry{string(cli.MsgFree), "6", "freed", "client", pid, "squatter.service", "story.service", nil}
	free := entry{string(cli.MsgFree), "6", "free", "", "", "", "story.service", nil}
	want := []entry{taken, taken, taken, taken, taken, waits, taken, cut, freed, free}
	got, messages := r.entries(t, "PORTGUARD_PORT=40020")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the port's story (-want +got)\n%s%s", diff, strings.Join(messages, "\n"))
	}
	for _, m := range messages[:len(messages)-2] { // the last two have nobody
		if strings.Count(m, "squatter.service") != 1 && !strings.Contains(m, "restart squatter.service") {
			t.Errorf("the unit is not named once in %q", m)
		}
	}
	byUnit, _ := r.entries(t, "-u story SYSLOG_IDENTIFIER=portguard")
	if diff := cmp.Diff(want, byUnit); diff != "" {
		t.Errorf("journalctl -u (-want +got)\n%s", diff)
	}
	if kind, _ := r.entries(t, "MESSAGE_ID="+string(cli.MsgWaiting)+" _SYSTEMD_UNIT=story.service"); len(kind) != 1 {
		t.Errorf("%d entries by MESSAGE_ID, want 1", len(kind))
	}

	t.Run("stderr is a file", func(t *testing.T) {
		r.hold(t, "squatter2", "-from 40022")
		r.service(t, "filed", "Type=oneshot", "StandardOutput=file:/run/filed", "StandardError=file:/run/filed",
			"ExecStart=/usr/local/bin/portguard -p 40022 --close")
		r.Shell(t, "systemctl start filed")
		text := r.Shell(t, "cat /run/filed")
		if !strings.HasPrefix(text, "portguard: 40022/tcp: close: cut the connection of holder (pid ") || strings.Contains(text, "\x1b") {
			t.Errorf("the file has %q", text)
		}
		if all, _ := r.entries(t, "PORTGUARD_PORT=40022"); len(all) != 0 {
			t.Errorf("and the journal has %d entries", len(all))
		}
	})

	t.Run("a name full of tricks", func(t *testing.T) {
		r.Shell(t, `mkdir /run/trick; cp /usr/local/bin/holder "/run/trick/$(printf 'a\nb\033[31m')"`)
		r.service(t, "trick", "Type=notify", "ExecStart=/bin/bash -c 'exec /run/trick/* -from 40024'")
		r.Shell(t, "systemctl start trick")
		_, _, _ = r.Run("bash", "-c", "sed -i s/40020/40024/ /etc/systemd/system/story.service; systemctl daemon-reload")
		run("")
		all, messages := r.entries(t, "PORTGUARD_PORT=40024")
		if len(all) != 1 || !strings.Contains(messages[0], `a\nb\x1b[31m (pid `) || all[0].HolderPID != r.property(t, "trick", "MainPID") {
			t.Errorf("entries: %+v\n%q", all, messages)
		}
		r.Shell(t, "systemctl stop trick")
	})
	r.Shell(t, "systemctl reset-failed")
}
