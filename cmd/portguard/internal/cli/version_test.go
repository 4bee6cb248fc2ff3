package cli

import (
	"testing"

	"portguard/wrapper/become"
)

func TestSignalSource(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   become.Inherited
		want string
	}{
		{"as it is released", become.Inherited{Captured: true}, "captured by our own entry point, exact"},
		{"a plain build", become.Inherited{Remembered: true},
			"as the Go runtime noted them down, exact (built without -ldflags='-E portguard/wrapper/become.entry')"},
		{"a stripped one", become.Inherited{},
			"not captured (built without -ldflags='-E portguard/wrapper/become.entry' and without symbols); what systemd and /proc tell is used"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := signalSource(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
