package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every service here ends when its stdin does, which the test has the other end of. So none is left behind, whatever becomes of
// the test or of the parent that is tested: see TestSuperviseKilled.

func theActor(t *testing.T) string {
	t.Helper()
	return builds.build(t, "./testdata/supervise/actor")
}

// hears waits a while for a line.
func (p *actor) hears(limit time.Duration, want string) bool {
	timeout := time.After(limit)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok || line == want {
				return ok
			}
		case <-timeout:
			return false
		}
	}
}

// endWithin waits for the process itself: others may have its stdout.
func (p *actor) endWithin(t *testing.T, limit time.Duration) bool {
	t.Helper()
	for deadline := time.Now().Add(limit); p.running(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// killAll ends a program and its service, also if it has lost that.
func (p *actor) killAll(t *testing.T) {
	t.Helper()
	_ = p.cmd.Process.Kill() // it may have ended
	p.leave(t)
	p.end(t)
}

// leave ends a service: it learns that its stdin has.
func (p *actor) leave(t *testing.T) {
	t.Helper()
	if err := p.stdin.Close(); err != nil {
		t.Error(err)
	}
}

func childrenOf(t *testing.T, pid int) (pids []int) {
	t.Helper()
	for _, name := range list(t, fmt.Sprintf("/proc/%d/task/*/children", pid)) {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, child)
		}
	}
	return pids
}

func childOf(t *testing.T, pid int) int {
	t.Helper()
	all := childrenOf(t, pid)
	if len(all) != 1 {
		t.Fatalf("%d has children %v", pid, all)
	}
	return all[0]
}
