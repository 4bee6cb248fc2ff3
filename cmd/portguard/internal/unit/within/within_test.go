package within

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"portguard/systemd"
	"portguard/wrapper/become"
)

// What has to succeed is made before every start: who forbids it by a signal is refused as well.
func TestVitalCallsAreMade(t *testing.T) {
	for _, call := range vital {
		if !slices.Contains(become.VitalCalls(), call) {
			t.Errorf("%s is not among the calls that a start asks a filter about", call)
		}
	}
}

// Whether portguard runs within limits is tried, not guessed.
func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		name    string
		l       systemd.Limits
		program string // of sh(1), in portguard's place
		set     string
		runs    bool
	}{
		{"none", systemd.Limits{}, "exit 2", "", true},
		{"those of systemd's own", systemd.Limits{Files: 1024, Processes: 5}, "exit 2", "", true},
		{"enough", systemd.Limits{AddressSpace: 1 << 40, Data: 1 << 40, Files: 100}, "exit 0", "LimitAS=1099511627776 LimitDATA=1099511627776 LimitNOFILE=100", true},
		{"enough, though the port is taken", systemd.Limits{Files: 100}, "exit 69", "LimitNOFILE=100", true},
		{"they are in force", systemd.Limits{Data: 64 << 20, Files: 99}, `test "$(ulimit -d) $(ulimit -n)" = "65536 99"`, "LimitDATA=67108864 LimitNOFILE=99", true},
		{"too little", systemd.Limits{Data: 64 << 20}, "exit 2", "LimitDATA=67108864", false},
		{"so little that it dies", systemd.Limits{Data: 64 << 20}, "kill -SEGV $$", "LimitDATA=67108864", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "portguard")
			if err := os.WriteFile(program, []byte("#!/bin/sh\n"+tt.program+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			set, words := limitWords(tt.l)
			if set != tt.set {
				t.Errorf("limits %q, want %q", set, tt.set)
			}
			why := Program(program).TooLittle(systemd.Service{Name: "order.service", Sandbox: systemd.Sandbox{Limits: tt.l}})
			if (why == "") != tt.runs {
				t.Errorf("%q: %s", words, why)
			}
		})
	}
}

func TestClosedTo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "d", "portguard")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil { // it was the test's alone
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		dir, file os.FileMode
		want      bool
	}{
		{0o755, 0o755, false},
		{0o711, 0o755, false},
		{0o750, 0o755, false}, // its group may be the user's
		{0o700, 0o755, true},
		{0o755, 0o700, true},
		{0o755, 0o744, true},
		{0o755, 0o710, false},
	} {
		if err := errors.Join(os.Chmod(filepath.Dir(file), tt.dir), os.Chmod(file, tt.file)); err != nil {
			t.Fatal(err)
		}
		if got := closedTo("no such user", file); got != tt.want {
			t.Errorf("%o in %o: %t, want %t", tt.file, tt.dir, got, tt.want)
		}
	}
}
