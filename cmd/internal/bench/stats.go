package main

import (
	"math/rand/v2"
	"slices"
	"time"
)

// quantile of durations, which need not be sorted; 0 of none.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func median(all []time.Duration) time.Duration { return quantile(all, 0.5) }

// ratio is one of medians, with the interval that 95 of 100 repetitions of the measurement would fall into.
type ratio struct{ value, low, high float64 }

// ratioOf compares measurements that were taken in turn: a[i] and b[i] are neighbours in time, and have seen the same noise.
// So the interval is had by drawing rounds, not single measurements, again and again (a bootstrap).
func ratioOf(a, b []time.Duration) ratio {
	const draws = 2000
	n := min(len(a), len(b))
	if n == 0 {
		return ratio{}
	}
	some := make([]float64, draws)
	x, y := make([]time.Duration, n), make([]time.Duration, n)
	random := rand.New(rand.NewPCG(1, 2)) // the same measurements give the same table
	for i := range some {
		for j := range n {
			k := random.IntN(n)
			x[j], y[j] = a[k], b[k]
		}
		some[i] = float64(median(x)) / float64(median(y))
	}
	slices.Sort(some)
	return ratio{float64(median(a)) / float64(median(b)), some[draws*25/1000], some[draws*975/1000]}
}

// over is the ratio of two independent ratios. Its interval is a little too wide.
func (r ratio) over(o ratio) ratio { return ratio{r.value / o.value, r.low / o.high, r.high / o.low} }
