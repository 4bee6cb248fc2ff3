package wrapper

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for text, want := range map[string]string{
		"0s": "0s", "300ms": "300ms", "2.5s": "2.5s", "10s": "10s", "59s": "59s", "1m": "60s", "1m1s": "61s", "1m0.1s": "60.1s", "1m59s": "119s",
		"2m": "2m", "2m30s": "2m30s", "10m": "10m", "1h": "1h", "1h0m5s": "1h0m5s", "2h30m": "2h30m", "20m": "20m", "10h": "10h",
	} {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Span(d); got != want {
			t.Errorf("%s is written %s, want %s", text, got, want)
		}
		if back, err := time.ParseDuration(Span(d)); err != nil || back != d {
			t.Errorf("%s is read back as %s, %v", text, back, err)
		}
	}
}
