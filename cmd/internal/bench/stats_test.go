package main

import (
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	all := []time.Duration{5, 1, 4, 2, 3}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := quantile(all, q); got != want {
			t.Errorf("quantile %v: got %d, want %d", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
}

// Noise that both sides of a round have seen is no spread of the ratio.
func TestRatioOfNeighboursInTime(t *testing.T) {
	var a, b []time.Duration
	for i := range 100 {
		noise := time.Duration(1 + i%7)
		a, b = append(a, 10*noise), append(b, 20*noise)
	}
	if got := ratioOf(a, b); got != (ratio{0.5, 0.5, 0.5}) {
		t.Errorf("got %+v", got)
	}
}

func TestTheIntervalHasTheRatio(t *testing.T) {
	var a, b []time.Duration
	for i := range 50 {
		a, b = append(a, time.Duration(100+i*37%50)), append(b, time.Duration(100+i*61%50))
	}
	got := ratioOf(a, b)
	if got.low > got.value || got.high < got.value || got.low == got.high {
		t.Errorf("got %+v", got)
	}
	if ratioOf(nil, b) != (ratio{}) {
		t.Error("a ratio of nothing")
	}
}
