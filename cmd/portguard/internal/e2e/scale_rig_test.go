package e2e

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
	"portguard/netdiag/sockdiag"
)

var scaleFull = flag.Bool("scale.full", false, "run the tests of scale with 200,000 sockets and 2,000 processes: a minute or two")

// mostMemory is the resident memory that portguard may have at its peak, in KiB.
const mostMemory = 64 << 10

// crowd is a host with many connections and processes. Both ends of each connection are in one process.
type crowd struct {
	clients []crowdClient // one of each process that has connections
}

// crowdClient is a connection whose port no other has.
type crowdClient struct {
	port uint16
	pid  int
}

// gather makes a crowd until the test ends.
func gather(t *testing.T, connections, processes int) *crowd {
	t.Helper()
	nstest.Root(t) // to open so many files
	const busy = 25
	low, high := portRangeNow(t)
	setRange(t, low, high) // puts it back: each process narrows it for its one client
	load := builds.build(t, "portguard/cmd/internal/bench")
	c := &crowd{}
	for i := range busy {
		p := launch(t, load, "load", strconv.Itoa(i), strconv.Itoa(connections/busy))
		words := strings.Fields(p.expect(t, ""))
		if len(words) != 2 {
			t.Fatalf("a process of the crowd says %q: %s", words, p.errs.String())
		}
		port, err1 := strconv.ParseUint(words[0], 10, 16)
		pid, err2 := strconv.Atoi(words[1])
		if err1 != nil || err2 != nil {
			t.Fatalf("a process of the crowd says %q", words)
		}
		c.clients = append(c.clients, crowdClient{uint16(port), pid})
	}
	idle(t, processes-busy)
	return c
}

// idle starts processes that do nothing until the test ends.
func idle(t *testing.T, n int) {
	t.Helper()
	cat, err := exec.LookPath("cat")
	if err != nil {
		t.Fatal(err)
	}
	stdin, end, err := os.Pipe() // which they read
	if err != nil {
		t.Fatal(err)
	}
	var all []*os.Process
	t.Cleanup(func() {
		_ = end.Close()
		for _, p := range all {
			_, _ = p.Wait()
		}
	})
	defer stdin.Close()
	for range n {
		p, err := os.StartProcess(cat, []string{"cat"}, &os.ProcAttr{Files: []*os.File{stdin}})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func portRangeNow(t *testing.T) (low, high uint16) {
	t.Helper()
	if _, err := fmt.Sscan(readFile(t, "/proc/sys/net/ipv4/ip_local_port_range"), &low, &high); err != nil {
		t.Fatal(err)
	}
	return low, high
}

// established are all connections of the namespace, by cookie.
func established(t *testing.T) map[uint64]sockdiag.Socket {
	t.Helper()
	c, err := sockdiag.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	all, err := c.Dump(t.Context(), sockdiag.Query{Protocol: unix.IPPROTO_TCP, States: sockdiag.MaskOf(sockdiag.Established)})
	if err != nil {
		t.Fatal(err)
	}
	byCookie := map[uint64]sockdiag.Socket{}
	for _, s := range all {
		byCookie[s.Cookie] = s
	}
	return byCookie
}

// gone are the connections of before that are not there any more.
func gone(before, after map[uint64]sockdiag.Socket) []sockdiag.Socket {
	left := maps.Clone(before)
	for cookie := range after {
		delete(left, cookie)
	}
	var all []sockdiag.Socket
	for _, s := range left {
		all = append(all, s)
	}
	return all
}

// weighed is a portguard whose peak of memory is looked at.
func weighed(t *testing.T, args ...string) []string {
	t.Helper()
	return append([]string{builds.build(t, "portguard/cmd/internal/bench/rss"), binary(t)}, args...)
}

// peak is what a weighed portguard needed, as the last line says.
func peak(t *testing.T, what, line string) {
	t.Helper()
	kib, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("%s: no memory is told: %q", what, line)
	}
	t.Logf("%s: %d KiB at its peak", what, kib)
	if kib > mostMemory {
		t.Errorf("%s takes %d KiB, more than %d", what, kib, mostMemory)
	}
}

// processesNow counts the processes that portguard sees.
func processesNow(t *testing.T) int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
