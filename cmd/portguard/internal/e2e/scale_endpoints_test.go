package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag/nstest"
)

// manyPorts is 5,000 endpoints in one call.
const (
	manyPorts = "10000-14999"
	portCount = 5000
)

// Of 5,000 ports fifty are taken: these are named, and the others are free.
func TestScaleManyPorts(t *testing.T) {
	l := newLadder(t)
	var taken []uint16
	var fds []int
	for i := range 50 {
		port := uint16(10_000 + 97*i)
		h := l.rig.Hold(t, port, pooled(loopback4))
		fds, h.FD = append(fds, h.FD), -1
		taken = append(taken, port)
	}
	keeper := l.keep(t, nil, fds)

	p := launch(t, weighed(t, "-p", manyPorts, "--json")...)
	line := p.expect(t, "")
	p.end(t)
	peak(t, "report about 5,000 ports", line)
	var r report.JSONReport
	if err := json.Unmarshal([]byte(p.errs.String()), &r); err != nil {
		t.Fatal(err)
	}
	var found []uint16
	for _, e := range r.Endpoints {
		switch {
		case e.Verdict == "free":
		case len(e.Holders) == 1 && len(e.Holders[0].Processes) == 1 && e.Holders[0].Processes[0].PID == keeper.pid():
			found = append(found, e.Port)
		case len(e.Holders) == 1 && e.Holders[0].Kind == "remains": // of another test's connection
		default:
			t.Errorf("port %d: %+v", e.Port, e)
		}
	}
	if len(r.Endpoints) != portCount || !slices.Equal(found, taken) {
		t.Errorf("of %d ports those taken are %v, want %v", len(r.Endpoints), found, taken)
	}

	p = launch(t, l.portguard, "--share", "-p", manyPorts, "--", "sh", "-c", "echo started")
	p.expect(t, "started")
	if n := strings.Count(p.errs.String(), "share: set SO_REUSEADDR"); n != len(taken) {
		t.Errorf("%d were shared\n%s", n, p.errs.String())
	}
}

// There may be more ports than open files. A service starts all the same: it has its limit back, half of it is left to it,
// and what is not held is said.
func TestScaleMoreThanDescriptors(t *testing.T) {
	for _, tt := range []struct {
		soft, hard uint64
		held       int
		from       int // the first placeholder's descriptor
	}{
		{1024, 1024, 512, 512},
		{1024, 16384, portCount, 1024}, // above what the service may open
		{4096, 4096, 2048, 1024},
	} {
		t.Run(fmt.Sprintf("%d of %d", tt.soft, tt.hard), func(t *testing.T) {
			p := limited(t, tt.soft, tt.hard, "-p", manyPorts, "--", "sh", "-c", "ulimit -Sn; ulimit -Hn; read end")
			for _, want := range []uint64{tt.soft, tt.hard} {
				if got := p.expect(t, ""); got != strconv.FormatUint(want, 10) {
					t.Errorf("the service's limit is %s, want %d", got, want)
				}
			}
			placeholders := socketsIn(t, p.pid())
			if len(placeholders) != tt.held || placeholders[0] != tt.from {
				t.Errorf("the service has %d placeholders, from %d up, want %d from %d up", len(placeholders), placeholders[0], tt.held, tt.from)
			}
			said := ""
			if tt.held < portCount {
				said = fmt.Sprintf("portguard: %d of 5000 ports are not held: the limit on open files is %d (ulimit -n; LimitNOFILE= in a unit)\n", portCount-tt.held, tt.hard)
			}
			eventually(t, 20*time.Second, "it says what is not held", func() bool { return len(p.errs.String()) >= len(said) })
			if got := p.errs.String(); got != said {
				t.Errorf("it says %q, want %q", got, said)
			}
		})
	}
}

// socketsIn are the descriptors of a process that are sockets, the lowest first.
func socketsIn(t *testing.T, pid int) []int {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := []int{-1} // none
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(readLink(t, dir+e.Name()), "socket:") {
			all = append(all, fd)
		}
	}
	slices.Sort(all)
	return all[min(1, len(all)-1):]
}

// hold is there for nothing but holding: where it cannot hold all it holds none, and says why.
func TestScaleHold(t *testing.T) {
	p := limited(t, 1024, 16384, "hold", "-p", manyPorts)
	eventually(t, 20*time.Second, "it holds", func() bool { return strings.Contains(p.errs.String(), "holding 5000 ports\n") })
	if out, err := exec.Command(binary(t), "--reuseaddr", "no", "-p", manyPorts, "--json").Output(); err == nil || strings.Count(string(out), `"taken"`) != portCount {
		t.Errorf("%v: %d ports are taken", err, strings.Count(string(out), `"taken"`))
	}
	p.stop(t, unix.SIGTERM)

	p = limited(t, 1024, 1024, "hold", "-p", manyPorts)
	if status := p.end(t); status == 0 || !strings.Contains(p.errs.String(), "5016 open files are needed (one for each port, and 16), and the limit is 1024") {
		t.Errorf("status %d: %s", status, p.errs.String())
	}
}

// limited starts portguard with these limits on open files.
func limited(t *testing.T, soft, hard uint64, args ...string) *actor {
	t.Helper()
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil {
		t.Fatal(err)
	}
	if hard > now.Max {
		nstest.Root(t) // to raise it
	}
	script := fmt.Sprintf(`ulimit -Hn %d && ulimit -Sn %d && exec "$@"`, hard, soft)
	if soft < now.Cur {
		script = fmt.Sprintf(`ulimit -Sn %d && ulimit -Hn %d && exec "$@"`, soft, hard)
	}
	cmd := exec.Command("sh", append([]string{"-c", script, "sh", binary(t)}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	return launchCommand(t, cmd)
}
