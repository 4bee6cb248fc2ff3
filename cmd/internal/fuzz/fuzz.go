package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// result is what became of one target.
type result struct {
	target   target
	execs    int64 // inputs that were tried
	kept     int64 // of them, those that reached new code
	usage    usage
	failure  string // "" when it passed
	duration time.Duration
}

func (r result) String() string {
	verdict := "ok  "
	if r.failure != "" {
		verdict = "FAIL"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %-52s %11d inputs, %4d new, %3d MiB, %4d ms, %s %s", verdict, r.target, r.execs, r.kept,
		r.usage.memory>>20, r.usage.longest.Milliseconds(), r.duration.Round(time.Second), r.failure))
}

// insist runs one target until it has tried something: a short time may be over before that, on a busy host the sooner, and
// is doubled then.
func insist(ctx context.Context, t target, binary, cache string, each time.Duration) result {
	const enough = time.Minute // for whoever can try anything
	for ; ; each *= 2 {
		r := fuzz(ctx, t, binary, cache, each)
		if r.execs > 0 || r.failure != "" {
			return r
		}
		if each >= enough {
			r.failure = "not one input was tried"
			return r
		}
	}
}

// fuzz runs one target with one worker, and watches the worker.
func fuzz(ctx context.Context, t target, binary, cache string, each time.Duration) result {
	r := result{target: t}
	start := time.Now()
	cmd := exec.Command(binary,
		"-test.run=^$", "-test.fuzz=^"+t.name+"$", "-test.fuzztime="+each.String(), "-test.parallel=1",
		"-test.fuzzminimizetime="+minimizing.String(), "-test.fuzzcachedir="+filepath.Join(cache, "fuzz", t.pkg))
	cmd.Dir = t.dir
	// The engine keeps 100 MiB for itself: at the usual GOGC a target's garbage could pile up to as much again.
	cmd.Env = append(os.Environ(), "GOGC=10", "GOMAXPROCS=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the group is how its workers are found
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		r.failure = err.Error()
		return r
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	w := watch{group: cmd.Process.Pid, calls: map[int]call{}}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.look()
			continue
		case <-ctx.Done():
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended
			<-ended
			r.failure = "interrupted"
		case err := <-ended:
			r.failure = failureOf(out.String(), err)
		}
		break
	}
	if w.failure != "" {
		r.failure = w.failure + ": " + r.failure
	}
	r.usage, r.duration = w.usage, time.Since(start)
	r.execs, r.kept = counts(out.String())
	return r
}

// counts reads the last lines of progress: the seeds and the inputs that were kept come first, which may take all of a short
// time, and then new ones.
func counts(out string) (execs, kept int64) {
	again := regexp.MustCompile(`coverage: (\d+)/`)
	progress := regexp.MustCompile(`execs: (\d+) .*new interesting: (\d+)`)
	last := func(e *regexp.Regexp, group int) int64 {
		all := e.FindAllStringSubmatch(out, -1)
		if len(all) == 0 {
			return 0
		}
		n, _ := strconv.ParseInt(all[len(all)-1][group], 10, 64) // digits, as the expression says
		return n
	}
	return last(again, 1) + last(progress, 1), last(progress, 2)
}

// failureOf is what a run that failed says of it: all but its progress.
func failureOf(out string, err error) string {
	if err == nil {
		return ""
	}
	var said []string
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "fuzz: ") {
			said = append(said, line)
		}
	}
	if slices.Contains(said, "context deadline exceeded") && len(said) == 3 {
		return "" // the engine's way of saying, now and then, that the time is up; the other lines are "FAIL" twice
	}
	return fmt.Sprintf("%v: %s", err, strings.Join(said, "\n    "))
}
