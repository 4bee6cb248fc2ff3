package become

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestSignalSet(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  SignalSet
		bits SignalSet // as /proc/PID/status has them
		text string
	}{
		{"empty", 0, 0, ""},
		{"signal 1 is bit 0", SignalSet(0).With(unix.SIGHUP), 0x1, "SIGHUP"},
		{"in order", SignalSet(0).With(unix.SIGPIPE).With(unix.SIGINT), 0x1002, "SIGINT SIGPIPE"},
		{"realtime signals have numbers", SignalSet(0).With(34), 0x200000000, "34"},
		{"64 is the last", SignalSet(0).With(64), 0x8000000000000000, "64"},
		{"0 and 65 are no signals", SignalSet(0).With(0).With(65).With(-1), 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.set != tt.bits {
				t.Errorf("bits = %#x, want %#x", uint64(tt.set), uint64(tt.bits))
			}
			if got := tt.set.String(); got != tt.text {
				t.Errorf("String() = %q, want %q", got, tt.text)
			}
			for sig := unix.Signal(-1); sig <= 66; sig++ {
				want := sig >= 1 && sig <= 64 && tt.bits>>(sig-1)&1 == 1
				if got := tt.set.Has(sig); got != want {
					t.Errorf("Has(%d) = %v", sig, got)
				}
			}
		})
	}
}

func TestSetIgnoredChangesExactlyWhatDiffersAndTakesItBack(t *testing.T) {
	actions := func() (all [65]Action) {
		for sig := unix.Signal(1); sig <= lastSignal; sig++ {
			var err error
			if all[sig], err = ActionOf(sig); err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	before := actions()
	want := SignalSet(0).With(unix.SIGPIPE).With(unix.SIGUSR2).With(64)
	undo, err := setIgnored(want)
	got, nowErr := ignoredNow()
	kept := actions()
	undo()
	if err != nil || nowErr != nil {
		t.Fatal(err, nowErr)
	}
	if got != want {
		t.Errorf("ignored = %v, want %v", got, want)
	}
	if kept[unix.SIGUSR1] != before[unix.SIGUSR1] {
		t.Error("the handler of SIGUSR1, which is not in the set, was changed")
	}
	if actions() != before {
		t.Error("undo left other actions than there were")
	}
}

func TestSetIgnoredOfWhatCannotBeIgnored(t *testing.T) {
	before, err := ignoredNow()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := setIgnored(before.With(unix.SIGUSR1).With(unix.SIGKILL)); err == nil {
		t.Error("SIGKILL was ignored")
	}
	if now, _ := ignoredNow(); now != before {
		t.Errorf("a failure left %v ignored, want %v", now, before)
	}
}
