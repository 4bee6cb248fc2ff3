package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRace: a service takes 200 ms from its start to its bind(), on a host where 40 programs are handed its port all the
// time. Without portguard it dies, and with portguard it never does, because the port is held while it gets ready.
func TestRace(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags []string // of portguard; none: without it
		bind  bool     // the programs bind() to port 0 before they connect()
		dies  bool
		maybe bool // it may die, and need not
	}{
		{name: "without portguard", dies: true},
		{name: "share and close", flags: []string{"--share", "--close"}},
		{name: "share and close, and nothing held", flags: []string{"--share", "--close", "--hold", "none"}, dies: true},
		{name: "programs that bind to port 0", flags: []string{"--share", "--close"}, bind: true, maybe: true},
		{name: "programs that bind to port 0, and the service is known", flags: []string{"--share", "--close", "--reuseaddr", "yes"}, bind: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLadder(t)
			const low, high = 29000, 29015
			// connect() goes for the ports of low's parity, bind() to port 0 for the others.
			ports := []uint16{29002, 29006, 29010, 29014}
			if c.bind {
				ports = []uint16{29003, 29007, 29011, 29015}
			}
			setRange(t, low, high)
			l.storm(t, 40, fmt.Sprintf("-bind=%v", c.bind))
			died := l.startMany(t, ports, many(25, 500), c.flags)
			if !c.maybe && (died > 0) != c.dies {
				t.Errorf("%d starts died", died)
			}
		})
	}
}

// startMany starts the service that many times in all, on every port at the same time, and returns how often it died of
// EADDRINUSE.
func (l *ladder) startMany(t *testing.T, ports []uint16, times int, flags []string) (died int) {
	t.Helper()
	begin := time.Now()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, port := range ports {
		argv := []string{l.service, "-delay", "200ms", number(port)}
		if len(flags) > 0 {
			argv = slices.Concat([]string{l.portguard}, flags, []string{"-p", number(port), "--"}, argv)
		}
		wg.Go(func() {
			for n := i; n < times; n += len(ports) {
				status, errs := startOnce(argv)
				mu.Lock()
				switch status {
				case 0:
				case int(unix.EADDRINUSE):
					died++
				default:
					t.Errorf("start %d on %d ended with status %d\n%s", n, port, status, errs)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%d of %d starts died of EADDRINUSE, in %v", died, times, time.Since(begin).Round(time.Second))
	return died
}
