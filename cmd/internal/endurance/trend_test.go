package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// samples are 400, one a second, of which each is changed by its number.
func samples(change func(i int, s *sample)) []sample {
	all := make([]sample, 400)
	for i := range all {
		all[i] = sample{at: time.Unix(int64(i), 0), rss: 7000, fds: 14, threads: 7}
		change(i, &all[i])
	}
	return all
}

func TestTrend(t *testing.T) {
	for _, tt := range []struct {
		name    string
		samples []sample
		want    trend
		failure string
	}{
		{"flat", samples(func(int, *sample) {}),
			trend{rss: [2]int{7000, 7000}, fds: [2]int{14, 14}, threads: [2]int{7, 7}, peak: 7000}, ""},
		{"the beginning does not count", samples(func(i int, s *sample) {
			if i < 40 {
				s.rss, s.fds = 1000, 3
			}
		}), trend{rss: [2]int{7000, 7000}, fds: [2]int{14, 14}, threads: [2]int{7, 7}, peak: 7000}, ""},
		{"now and then it has more", samples(func(i int, s *sample) {
			if i%10 == 9 {
				s.rss, s.fds = 20_000, 30
			}
		}), trend{rss: [2]int{7000, 7000}, fds: [2]int{14, 14}, threads: [2]int{7, 7}, peak: 20_000}, ""},
		{"memory leaks", samples(func(i int, s *sample) { s.rss += 4 * i }),
			trend{rss: [2]int{7340, 8420}, fds: [2]int{14, 14}, threads: [2]int{7, 7}, peak: 8596}, "memory grows from 7340 to 8420 KiB"},
		{"one descriptor leaks", samples(func(i int, s *sample) { s.fds += i / 300 }),
			trend{rss: [2]int{7000, 7000}, fds: [2]int{14, 15}, threads: [2]int{7, 7}, peak: 7000}, "descriptors grow from 14 to 15"},
		{"fewer descriptors are no leak", samples(func(i int, s *sample) { s.fds -= i / 300 }),
			trend{rss: [2]int{7000, 7000}, fds: [2]int{14, 13}, threads: [2]int{7, 7}, peak: 7000}, ""},
		{"busy", samples(func(i int, s *sample) { s.cpu = time.Duration(i) * 30 * time.Millisecond }),
			trend{rss: [2]int{7000, 7000}, fds: [2]int{14, 14}, threads: [2]int{7, 7}, peak: 7000, cpu: 0.03}, "it takes 3.00 % of a core"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := trendOf(tt.samples)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(trend{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.failure, got.failure(barsFor(30*time.Minute))); diff != "" {
				t.Errorf("failure (-want +got)\n%s", diff)
			}
		})
	}
}

func TestTakeLooksAtAProcess(t *testing.T) {
	p, err := start("a process", "cat")
	if err != nil {
		t.Fatal(err)
	}
	s, err := take(p.cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if s.rss <= 0 || s.fds < 3 || s.threads != 1 || time.Since(s.at) > time.Minute {
		t.Errorf("%+v", s)
	}
	p.stop()
	if s, err := take(p.cmd.Process.Pid); err == nil {
		t.Errorf("it has ended, and has %+v", s)
	}
}

func TestParseCPU(t *testing.T) {
	const stat = "12130 (a) b (c) S 11639 11589 4883 0 -1 4194560 1230 0 0 0 17 84 5 6 20 0 8 0 1487500 1295011840 2476"
	if got, err := parseCPU(stat); got != 1010*time.Millisecond || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := parseCPU("12130 (a) S 1"); err == nil {
		t.Errorf("a line that ends early is %v", got)
	}
}
