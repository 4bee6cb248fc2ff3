package wrapper

import (
	"context"
	"testing"
	"time"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

func TestBell(t *testing.T) {
	const port, other = 24100, 24101
	rig := holders.New(t)
	closed := func(t *testing.T, port uint16) {
		if err := rig.Hold(t, port, listening).CloseFD(); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name  string
		event func(*testing.T)
		rings bool
	}{
		{"nothing happens", func(*testing.T) {}, false},
		{"a socket on the port is closed", func(t *testing.T) { closed(t, port) }, true},
		{"a socket on another port is closed", func(t *testing.T) { closed(t, other) }, false},
		{"an IPv4 address appears", func(t *testing.T) { nstest.Addr(t, "10.96.0.1/32") }, true},
		{"an IPv6 address appears", func(t *testing.T) { nstest.Addr(t, "fd96::1/128") }, true},
		// Else a wait would be woken by its own trials, again and again.
		{"a trial fails", func(t *testing.T) { failedTrial(t, rig, port) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBell(t.Context(), []*Outcome{{Finding: netdiag.Finding{Endpoint: tcp(port)}}})
			defer b.close()
			tt.event(t)
			if rang := b.wait(time.Time{}, time.Now().Add(100*time.Millisecond)); rang != tt.rings {
				t.Errorf("rang: %v, want %v", rang, tt.rings)
			}
			if b.wait(time.Time{}, time.Now()) {
				t.Error("it rings for the same once more")
			}
		})
	}
}

func failedTrial(t *testing.T, rig *holders.Rig, port uint16) {
	t.Helper()
	rig.Hold(t, port, listening)
	trial := netdiag.Try(tcp(port))
	if trial.Verdict != netdiag.Taken {
		t.Errorf("the trial says %v", trial.Verdict)
	}
	trial.Close()
}

// While it is deaf it sleeps on, and rings afterwards.
func TestBellIsDeafForAWhile(t *testing.T) {
	const port, deaf = 24110, 100 * time.Millisecond
	b := newBell(t.Context(), []*Outcome{{Finding: netdiag.Finding{Endpoint: tcp(port)}}})
	defer b.close()
	if err := holders.New(t).Hold(t, port, listening).CloseFD(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if !b.wait(begin.Add(deaf), begin.Add(10*time.Second)) {
		t.Error("it does not ring")
	}
	if took := time.Since(begin); took < deaf || took > deaf+5*time.Second {
		t.Errorf("it rings after %v, and was to be deaf for %v", took, deaf)
	}
}

// The end of the context ends a sleep, deaf or not, and is no ring.
func TestBellSleepsNoLongerThanItsContext(t *testing.T) {
	for _, tt := range []struct {
		name string
		deaf time.Duration
	}{{"listening", 0}, {"deaf", 20 * time.Second}} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			b := newBell(ctx, []*Outcome{{Finding: netdiag.Finding{Endpoint: tcp(24120)}}})
			defer b.close()
			time.AfterFunc(50*time.Millisecond, cancel)
			begin := time.Now()
			if b.wait(begin.Add(tt.deaf), begin.Add(20*time.Second)) {
				t.Error("it rings")
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("it slept for %v", took)
			}
		})
	}
}
