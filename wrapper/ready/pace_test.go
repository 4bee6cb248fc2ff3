package ready

import (
	"testing"
	"time"
)

// A wait looks often at first and seldom later, and as seldom as it takes for looks to stay far below a hundredth of a processor.
func TestPace(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	for _, tt := range []struct {
		name   string
		cost   time.Duration // of each look
		span   time.Duration
		bell   time.Duration // a socket goes at this distance; 0: none does
		most   time.Duration // between two looks
		budget time.Duration // of a processor
	}{
		{"a service of three seconds", 80 * time.Microsecond, 3 * time.Second, 0, 16 * time.Millisecond, 25 * time.Millisecond},
		{"a service of half a minute", 80 * time.Microsecond, 30 * time.Second, 0, 32 * time.Millisecond, 200 * time.Millisecond},
		{"a service of ten minutes", 80 * time.Microsecond, 10 * time.Minute, 0, 250 * time.Millisecond, 3 * time.Second},
		{"connections end all the time", 80 * time.Microsecond, time.Minute, time.Millisecond, 20 * time.Millisecond, 425 * time.Millisecond},
		{"looks that take long", 20 * time.Millisecond, time.Minute, 0, 4 * time.Second, 450 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, now, spent := newPace(start), start, time.Duration(0)
			for now.Sub(start) < tt.span {
				spent += tt.cost
				p.looked(now, spent, false)
				next := p.latest()
				if tt.bell > 0 {
					if next = now.Add(tt.bell); next.Before(p.soonest()) {
						next = p.soonest()
					}
					p.told(next)
				}
				if d := next.Sub(now); d > tt.most || d < brisk {
					t.Fatalf("after %s the next look comes %s later", now.Sub(start), d)
				}
				now = next
			}
			if spent > tt.budget {
				t.Errorf("looks have taken %s of %s", spent, tt.span)
			}
		})
	}
}

func TestInVain(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	p := newPace(start)
	for _, tt := range []struct {
		at   time.Duration
		half bool
		want bool
	}{{0, false, false}, {time.Second, true, false}, {2 * time.Second, false, false}, {3 * time.Second, true, false}, {4 * time.Second, true, false}, {5 * time.Second, true, true}} {
		p.looked(start.Add(tt.at), 0, tt.half)
		if got := p.inVain(); got != tt.want {
			t.Errorf("after %s: %v", tt.at, got)
		}
	}
}
