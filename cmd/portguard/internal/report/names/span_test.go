package names

import (
	"testing"
	"time"
)

func TestTimesAreInUnitsThatPeopleCountIn(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "a moment", 0: "a moment", 1: "1s", time.Second: "1s", 1001 * time.Millisecond: "2s",
		59500 * time.Millisecond: "60s", 61 * time.Second: "61s",
	} {
		if got := Left(d); got != want {
			t.Errorf("Left(%v) = %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", 60 * time.Second: "1m 0s", 3*time.Hour + 4*time.Minute + 5*time.Second: "3h 4m",
		76*time.Hour + 59*time.Minute: "3d 4h",
	} {
		if got := Age(d); got != want {
			t.Errorf("Age(%v) = %q, want %q", d, got, want)
		}
	}
}
