package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What a supervised service says to systemd counts as the unit's, whatever NotifyAccess= is, and the unit is one through all
// of the service's lives.
func TestSuperviseUnderSystemd(t *testing.T) {
	t.Parallel() // a system of its own
	onEachSystemd(t, func(t *testing.T, booted unitRig) {
		r := supervisedRig{systemdRig{booted}, new(sync.Mutex)}
		r.Install(t, builds.build(t, "./testdata/systemd/talker"), "/usr/local/bin/talker")
		for _, tt := range []struct {
			name string
			test func(supervisedRig, *testing.T)
		}{
			{"one life after another", supervisedRig.testLives},
			{"NotifyAccess", supervisedRig.testAccess},
			{"strangers", supervisedRig.testStrangers},
			{"watchdog", supervisedRig.testWatchdog},
			{"reload", supervisedRig.testReload},
			{"the last end", supervisedRig.testLastEnd},
			{"socket activation", supervisedRig.testActivation},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				tt.test(r, t)
			})
		}
	})
}

type supervisedRig struct {
	systemdRig
	files *sync.Mutex // one unit file is written at a time
}

func (r supervisedRig) write(t *testing.T, unit string, lines ...string) {
	t.Helper()
	r.files.Lock()
	defer r.files.Unlock()
	r.Unit(t, unit, strings.Join(lines, "\n")+"\n")
}

// talker starts a unit whose service does what it is told. The unit is activating until it is told to be ready.
func (r supervisedRig) talker(t *testing.T, unit string, port int, flags string, lines ...string) {
	t.Helper()
	r.write(t, unit+".service", append([]string{"[Service]",
		"TimeoutStopSec=20", "KillMode=mixed",
		fmt.Sprintf("ExecStart=/usr/local/bin/portguard --restart on-failure %s -p %d -- /usr/local/bin/talker -listen %[2]d", flags, port),
	}, lines...)...)
	r.Shell(t, "systemctl daemon-reload", "systemctl start --no-block "+unit)
	t.Cleanup(func() { _, _, _ = r.Run("systemctl", "stop", unit) }) // it may have ended
	r.comesUp(t, port)
}

// comesUp waits until a talker listens, and returns its pid.
func (r supervisedRig) comesUp(t *testing.T, port int) (pid string) {
	t.Helper()
	// One that is on its way out may take the connection and not answer any more.
	return r.Shell(t, "trap '' PIPE", "for i in $(seq 200); do",
		fmt.Sprintf("if exec 3<>/dev/tcp/127.0.0.1/%d && echo pid >&3 && read -r pid <&3; then echo -n $pid; exit; fi; sleep .05", port),
		"done 2>/dev/null", "exit 1")
}

// tell has a talker do something.
func (r supervisedRig) tell(t *testing.T, port int, command string) (answer string) {
	t.Helper()
	return strings.TrimSpace(r.Shell(t, fmt.Sprintf("exec 3<>/dev/tcp/127.0.0.1/%d; echo '%s' >&3; cat <&3", port, command)))
}

// unit is what systemd has of a unit.
func (r supervisedRig) unit(t *testing.T, unit string, properties ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(r.Shell(t, "systemctl show -p "+strings.Join(properties, ",")+" "+unit)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		all[key] = value
	}
	return all
}

// What stays the same as long as a unit is active and its main process the same.
var unchanged = []string{"ActiveState", "SubState", "MainPID", "InvocationID", "NRestarts", "ActiveEnterTimestampMonotonic", "StateChangeTimestampMonotonic"}

func (r supervisedRig) testLives(t *testing.T) {
	const unit, port = "lives", 40310
	r.talker(t, unit, port, "--restart-delay 1s", "Type=notify", "FileDescriptorStoreMax=4", "NotifyAccess=main")
	r.tell(t, port, "say STATUS=nearly")
	r.reaches(t, unit, "StatusText", "nearly")
	if state := r.property(t, unit, "ActiveState"); state != "activating" {
		t.Errorf("before READY=1 the unit is %s", state)
	}
	service := r.comesUp(t, port)
	r.tell(t, port, "say MAINPID="+service+"|READY=1|STATUS=first life")
	r.reaches(t, unit, "StatusText", "first life")
	before := r.unit(t, unit, unchanged...)
	if before["ActiveState"] != "active" || before["MainPID"] == service {
		t.Errorf("after READY=1: %v, the service is %s", before, service)
	}

	r.Shell(t, "kill -KILL "+service)
	r.says(t, unit, `restarting in 1s: the command ended by SIGKILL after [0-9.m]+s`)
	if again := r.comesUp(t, port); again == service {
		t.Error("the service was not started again")
	}
	r.reaches(t, unit, "StatusText", "")
	r.tell(t, port, "store box")
	r.reaches(t, unit, "NFileDescriptorStore", "1")
	r.tell(t, port, "say STOPPING=1|READY=1|STATUS=second life")
	r.reaches(t, unit, "StatusText", "second life")
	if diff := cmp.Diff(before, r.unit(t, unit, unchanged...)); diff != "" {
		t.Errorf("the unit has seen the end of the first life: (-before +after)\n%s", diff)
	}

	r.Shell(t, "systemctl stop "+unit)
	if result := r.property(t, unit, "Result"); result != "success" {
		t.Errorf("the unit was stopped: %s", result)
	}
}

// says waits for a status.
func (r supervisedRig) says(t *testing.T, unit, pattern string) {
	t.Helper()
	text := ""
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if text = r.property(t, unit, "StatusText"); regexp.MustCompile("^" + pattern + "$").MatchString(text) {
			return
		}
	}
	t.Errorf("the status of %s is %q, want %s", unit, text, pattern)
}

// systemd-notify(1) from a shell counts, in every form: as root it gives the shell for the sender, as another user itself.
func (r supervisedRig) testAccess(t *testing.T) {
	var all []string
	for _, user := range []string{"root", "daemon"} {
		for _, access := range []string{"", "exec", "all"} {
			unit := "access" + access + user
			all = append(all, unit)
			lines := []string{"[Service]", "Type=notify", "TimeoutStartSec=20", "User=" + user, fmt.Sprintf(
				"ExecStart=/usr/local/bin/portguard --restart no -p %d -- /bin/sh -c '(systemd-notify --ready \"--status=%s\"); exec sleep 1000'",
				40320+len(all), unit)}
			if access != "" { // main
				lines = append(lines, "NotifyAccess="+access)
			}
			r.write(t, unit+".service", lines...)
		}
	}
	r.Shell(t, "systemctl daemon-reload", "systemctl start "+strings.Join(all, " "))
	for _, unit := range all {
		if got := r.unit(t, unit, "ActiveState", "StatusText"); got["ActiveState"] != "active" || got["StatusText"] != unit {
			t.Errorf("%s: %v", unit, got)
		}
	}
	r.Shell(t, "systemctl stop "+strings.Join(all, " "))
}

// Another process of the same user, in a unit of its own, is not heard where the service is.
func (r supervisedRig) testStrangers(t *testing.T) {
	const unit, port = "quiet", 40330
	r.talker(t, unit, port, "", "Type=notify")
	pid := r.comesUp(t, port)
	r.tell(t, port, "say READY=1|STATUS=mine")
	r.reaches(t, unit, "StatusText", "mine")
	socket := strings.TrimSpace(r.Shell(t, "tr '\\0' '\\n' </proc/"+pid+"/environ | sed -n s/^NOTIFY_SOCKET=//p"))
	if !strings.HasPrefix(socket, "@portguard-notify-") {
		t.Errorf("the service's NOTIFY_SOCKET is %q", socket)
	}
	speak := "env NOTIFY_SOCKET=" + socket + " /usr/local/bin/talker -say "
	r.Shell(t, "systemd-run --quiet --wait "+speak+"STATUS=stranger", // with a parent that is pid 1
		speak+"STATUS=outsider") // from another pid namespace
	r.tell(t, port, "say X_ORDER=1") // behind the others
	time.Sleep(100 * time.Millisecond)
	if text := r.property(t, unit, "StatusText"); text != "mine" {
		t.Errorf("the status is %q", text)
	}
}

// The clock of WatchdogSec= does not stop while there is no service; and when the service hangs, the unit ends as it would
// without portguard: by SIGABRT, and for good.
func (r supervisedRig) testWatchdog(t *testing.T) {
	const unit, port = "watched", 40340
	r.talker(t, unit, port, "--restart-delay 1800ms", "Type=notify", "WatchdogSec=1500ms")
	r.tell(t, port, "say READY=1|STATUS=first")
	r.tell(t, port, "feed")
	r.reaches(t, unit, "StatusText", "first")
	before := r.unit(t, unit, unchanged...)
	pid := r.comesUp(t, port)
	r.Shell(t, "kill -KILL "+pid)
	if r.comesUp(t, port) == pid {
		t.Fatal("the service has not ended")
	}
	time.Sleep(1800 * time.Millisecond) // it takes its time until it is ready
	r.tell(t, port, "say READY=1|STATUS=second")
	r.tell(t, port, "feed")
	r.reaches(t, unit, "StatusText", "second")
	time.Sleep(1800 * time.Millisecond)
	if diff := cmp.Diff(before, r.unit(t, unit, unchanged...)); diff != "" {
		t.Fatalf("the watchdog did not wait: (-before +after)\n%s\n%s", diff, r.Shell(t, "journalctl --no-pager -o cat -n 20 -u "+unit))
	}
	r.tell(t, port, "hang")
	began := time.Now()
	r.reaches(t, unit, "ActiveState", "failed")
	if result := r.property(t, unit, "Result"); result != "watchdog" {
		t.Errorf("the unit ends by %s", result)
	}
	if took := time.Since(began); took > 10*time.Second { // TimeoutAbortSec= is that of TimeoutStopSec=
		t.Errorf("it takes %s", took)
	}
	if n := strings.Count(r.Shell(t, "journalctl --no-pager -o cat -u "+unit), "next start in"); n != 1 {
		t.Errorf("the service was started again %d times, want once, after the kill", n)
	}
}

// A reload ends when the service says so. systemd 253 has Type=notify-reload for what takes an ExecReload= before.
func (r supervisedRig) testReload(t *testing.T) {
	const unit, port = "reloads", 40350
	kind := []string{"Type=notify", "ExecReload=/bin/kill -HUP $MAINPID"}
	if r.version(t) >= 253 {
		kind = []string{"Type=notify-reload"}
	}
	r.talker(t, unit, port, "--restart-delay 1s", kind...)
	r.tell(t, port, "say READY=1")
	r.reaches(t, unit, "ActiveState", "active")
	r.Shell(t, "systemctl reload "+unit)
	r.reaches(t, unit, "StatusText", "reloaded")
	r.reaches(t, unit, "SubState", "running")

	// Between two runs there is nobody to reload, and the next one does for it.
	before := r.unit(t, unit, "MainPID", "InvocationID")
	r.Shell(t, "kill -KILL "+r.comesUp(t, port))
	r.says(t, unit, "restarting in 1s: .*")
	r.Shell(t, "systemctl reload --no-block "+unit)
	r.comesUp(t, port)
	r.tell(t, port, "say READY=1")
	r.reaches(t, unit, "SubState", "running")
	r.reaches(t, unit, "Job", "")
	if diff := cmp.Diff(before, r.unit(t, unit, "MainPID", "InvocationID")); diff != "" {
		t.Errorf("the reload has ended it: (-before +after)\n%s", diff)
	}
}

func (r supervisedRig) version(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(strings.Fields(r.Shell(t, "systemctl --version"))[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// When the service is not started again, the unit ends as the service did, and says why.
func (r supervisedRig) testLastEnd(t *testing.T) {
	const unit, port = "ends", 40360
	r.talker(t, unit, port, "--restart-delay 100ms --restart-limit 1/1m", "Type=notify")
	r.tell(t, port, "say READY=1")
	r.reaches(t, unit, "ActiveState", "active")
	r.tell(t, port, "exit 3")
	r.comesUp(t, port)
	r.tell(t, port, "exit 4")
	r.reaches(t, unit, "ActiveState", "failed")
	r.says(t, unit, `the command ended with status 4 after [0-9.m]+s, once too often \(--restart-limit\)`)
	want := map[string]string{"Result": "exit-code", "ExecMainStatus": "4", "NRestarts": "0"}
	if diff := cmp.Diff(want, r.unit(t, unit, "Result", "ExecMainStatus", "NRestarts")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The sockets of a socket unit are there in every life, and are the service's.
func (r supervisedRig) testActivation(t *testing.T) {
	const unit, port = "activated", 40370
	r.write(t, unit+".socket", "[Socket]", "ListenStream=127.0.0.1:40371", "ListenStream=127.0.0.1:40372", "FileDescriptorName=web")
	r.talker(t, unit, port, "--restart-delay 100ms", "Type=notify", "Sockets="+unit+".socket")
	t.Cleanup(func() { _, _, _ = r.Run("systemctl", "stop", unit+".socket") })
	const want = "3 web 40371, 4 web 40372"
	for life := range 3 {
		if got := r.tell(t, port, "passed"); got != want {
			t.Errorf("life %d is passed %q, want %q", life, got, want)
		}
		pid := r.comesUp(t, port)
		r.Shell(t, "kill -KILL "+pid, "for i in $(seq 100); do [ -e /proc/"+pid+" ] || break; sleep .02; done")
		r.comesUp(t, port)
	}
}
