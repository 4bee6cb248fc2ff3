package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A socket-activated service behind portguard is started with exactly the environment and the descriptors that it has
// without, at its first start and at the later ones, when systemd passes portguard's descriptor among its own.
func (r systemdRig) testActivation(t *testing.T) {
	r.Unit(t, "web.socket", "[Socket]\nListenStream=127.0.0.1:40200\nListenStream=/run/web-admin\nFileDescriptorName=web\n")
	r.service(t, "web", "Type=notify", "Restart=always", "RestartSec=0", "WatchdogSec=10min", "FileDescriptorStoreMax=1",
		"ExecStart=/usr/local/bin/witness -out /run/witness -store -listen 40201")

	alone := r.starts(t)
	r.succeeds(t, "unit", "install", "web", "--as", "wrapper", "--hold", "fdstore", "-p", "40201")
	wrapped := r.starts(t)
	if n := len(alone[0].FDs); n != 2 {
		t.Fatalf("the service alone was started with %d descriptors, want the 2 sockets: %+v", n, alone[0])
	}
	if n := len(alone[1].FDs); n != 3 {
		t.Fatalf("the service alone was started again with %d descriptors, want the 2 sockets and its own: %+v", n, alone[1])
	}
	if diff := cmp.Diff(alone, wrapped); diff != "" {
		t.Errorf("(-alone +behind portguard)\n%s", diff)
	}
	r.succeeds(t, "unit", "remove", "web")
	r.Shell(t, "systemctl stop web.socket")
}

// testimony is what the witness tells.
type testimony struct {
	PID     int
	Args    []string
	Environ []string
	FDs     []string
}

// starts has the service started by a connection, by systemd after a kill, and by a restart, and returns what it was
// started with each time, without what differs from start to start.
func (r systemdRig) starts(t *testing.T) (all []testimony) {
	t.Helper()
	r.Shell(t, "systemctl stop web web.socket 2>&1; rm -f /run/witness",
		"systemctl start web.socket",
		"exec 3<>/dev/tcp/127.0.0.1/40200; exec 3>&-")
	r.reaches(t, "web", "SubState", "running")
	r.Shell(t, "systemctl kill --kill-who=main -s KILL web")
	for range 200 {
		if out := r.Shell(t, "wc -l </run/witness"); strings.TrimSpace(out) == "2" {
			break
		}
	}
	r.reaches(t, "web", "SubState", "running")
	r.Shell(t, "systemctl restart web")
	text := r.Shell(t, "cat /run/witness")
	r.Shell(t, "systemctl stop web.socket web")
	for line := range strings.Lines(text) {
		var start testimony
		if err := json.Unmarshal([]byte(line), &start); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		pid := strconv.Itoa(start.PID)
		for i, e := range start.Environ {
			key, value, _ := strings.Cut(e, "=")
			switch {
			case value == pid:
				start.Environ[i] = key + "=the service's"
			case slices.Contains([]string{"INVOCATION_ID", "JOURNAL_STREAM", "LISTEN_PIDFDID", "MEMORY_PRESSURE_WATCH"}, key):
				start.Environ[i] = key + "=..."
			}
		}
		start.PID = 0
		all = append(all, start)
	}
	if len(all) != 3 {
		t.Fatalf("%d starts, want 3\n%s", len(all), text)
	}
	for i, start := range all {
		for j, fd := range start.FDs {
			if !strings.HasPrefix(fd, fmt.Sprint(3+j, " ")) {
				t.Errorf("start %d: descriptors with gaps: %q", i, start.FDs)
			}
		}
	}
	return all
}
