//go:build amd64 || arm64

package catch

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestEverySignalComes(t *testing.T) {
	p := start(t, "fast")
	want := p.says("ready")
	if diff := cmp.Diff([]string{"ready"}, want); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	libc := strings.Contains(string(maps), "/libc.so") // under -race
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if sig == unix.SIGKILL || sig == unix.SIGSTOP || libc && (sig == 32 || sig == 33) {
			continue
		}
		p.pass(t, Plain(sig))
		if got, want := p.says(fmt.Sprint(int(sig))), fmt.Sprint(int(sig)); len(got) == 0 || got[len(got)-1] != want {
			t.Fatalf("it tells of %q after signal %s", got, want)
		} else if len(got) != 1 {
			t.Errorf("signal %s comes with %q", want, got)
		}
	}
}

func TestSignalsThatQueueComeAsOftenAsSentWithTheirValues(t *testing.T) {
	p := start(t, "fast")
	p.says("ready")
	const sent = 1000
	var want, got []string
	for n := range uint64(sent) {
		p.pass(t, valued(64, n<<32|n))
		want = append(want, fmt.Sprintf("64 value %d", n<<32|n))
	}
	for len(got) < sent && p.out.Scan() {
		got = append(got, p.out.Text())
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestValueOfASignalThatDoesNotQueue(t *testing.T) {
	p := start(t, "fast")
	p.says("ready")
	p.pass(t, valued(unix.SIGUSR1, 7))
	if diff := cmp.Diff([]string{"10 value 7"}, p.says("10 value 7")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestValueForAGroup(t *testing.T) {
	p := start(t, "fast") // it leads a group, in which it is alone
	p.says("ready")
	if err := valued(63, 9).PassOnToGroup(p.cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	p.out.Scan()
	if got := p.out.Text(); got != "63 value 9" && got != "63" { // before Linux 6.9
		t.Errorf("it is told %q", got)
	}
}

func TestWhatIsTheRuntimesStaysWithIt(t *testing.T) {
	for _, tt := range []struct {
		name, how string
		want      []string
	}{
		{"goroutines that never call are preempted", "busy", []string{"ready"}},
		{"a fault is a panic", "fault", []string{"recovered: runtime error: invalid memory address or nil pointer dereference", "ready"}},
		{"a broken pipe is an error, and nobody else's business", "broken pipe", []string{"write |1: broken pipe", "ready"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := start(t, tt.how)
			got := p.says("ready")
			p.pass(t, Plain(unix.SIGHUP)) // comes as ever, with nothing before it
			got = append(got, p.says("1")...)
			if diff := cmp.Diff(append(tt.want, "1"), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Signals that find the pipe full block nobody. Each is told of once, as one that carries nothing.
func TestReceiverFallsBehind(t *testing.T) {
	p := start(t, "slow")
	p.says("ready")
	const sent = 12_000 // more than a pipe holds
	for n := range uint64(sent) {
		p.pass(t, valued(40, n))
	}
	caughtAll := func() {
		for p.pending(t) {
			time.Sleep(time.Millisecond)
		}
	}
	caughtAll() // or those of lower numbers come before them, and find room
	for _, sig := range []unix.Signal{unix.SIGUSR1, 41, unix.SIGTERM} {
		for range 3 {
			p.pass(t, Plain(sig))
		}
	}
	caughtAll() // or the pipe has room again for some of them, and is full a second time
	if err := p.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	whole := map[string]bool{}
	var bare []string
	for _, line := range p.says("") {
		if strings.HasPrefix(line, "40 value ") {
			whole[line] = true
		} else {
			bare = append(bare, line)
		}
	}
	t.Logf("%d of %d come whole", len(whole), sent)
	if n := len(whole); n < 512 || n == sent {
		t.Errorf("%d of %d come whole", n, sent)
	}
	if diff := cmp.Diff([]string{"42 value 0", "10 from the kernel", "15 from the kernel", "40 from the kernel", "41 from the kernel"}, bare); diff != "" {
		t.Errorf("the others (-want +got)\n%s", diff)
	}
}
