package main

import (
	"fmt"
	"slices"
	"time"
)

// bars are what a process has to stay under.
type bars struct {
	growth float64 // of memory, from the first quarter to the last: 0.1 is a tenth
	cpu    float64 // of one core
}

// barsFor are those for a run of some length.
func barsFor(length time.Duration) bars {
	if length < 5*time.Minute {
		return bars{growth: 1, cpu: 0.05}
	}
	return bars{growth: 0.1, cpu: 0.02}
}

// trend is how a process fared: medians of the first quarter of its samples and of the last.
type trend struct {
	rss, fds, threads [2]int
	peak              int // of rss, KiB
	cpu               float64
}

// trendOf leaves out the beginning: a tenth of the samples, and at most two minutes, for it takes one until there are as
// many TIME_WAIT records as there will be.
func trendOf(all []sample) trend {
	all = all[min(len(all)/10, 120):]
	quarter := max(len(all)/4, 1)
	first, last := all[:quarter], all[len(all)-quarter:]
	both := func(of func(sample) int) [2]int { return [2]int{median(first, of), median(last, of)} }
	t := trend{
		rss:     both(func(s sample) int { return s.rss }),
		fds:     both(func(s sample) int { return s.fds }),
		threads: both(func(s sample) int { return s.threads }),
	}
	for _, s := range all {
		t.peak = max(t.peak, s.rss)
	}
	begin, end := all[0], all[len(all)-1]
	if span := end.at.Sub(begin.at); span > 0 {
		t.cpu = float64(end.cpu-begin.cpu) / float64(span)
	}
	return t
}

func median(samples []sample, of func(sample) int) int {
	values := make([]int, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// failure says which bar is not held, "" when all are.
func (t trend) failure(b bars) string {
	switch {
	case float64(t.rss[1]) > float64(t.rss[0])*(1+b.growth):
		return fmt.Sprintf("memory grows from %d to %d KiB", t.rss[0], t.rss[1])
	case t.fds[1] > t.fds[0]:
		return fmt.Sprintf("descriptors grow from %d to %d", t.fds[0], t.fds[1])
	case t.cpu > b.cpu:
		return fmt.Sprintf("it takes %.2f %% of a core", 100*t.cpu)
	}
	return ""
}
