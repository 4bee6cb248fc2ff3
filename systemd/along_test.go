package systemd

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/systemd/rigtest"
)

// What systemd restarts with a unit is what RestartedWith has named before.
func TestRestart(t *testing.T) {
	if !rigtest.Inside(t) {
		return
	}
	ctx, m := connect(t)
	const sleep = "[Service]\nExecStart=/bin/sleep 1000\n"
	for name, text := range map[string]string{
		"pool.service":     sleep,
		"requires.service": "[Unit]\nRequires=pool.service\n" + sleep,
		"further.service":  "[Unit]\nBindsTo=requires.service\n" + sleep,
		"part.service":     "[Unit]\nPartOf=pool.service\n" + sleep,
		"wants.service":    "[Unit]\nWants=pool.service\nAfter=pool.service\n" + sleep,
		"down.service":     "[Unit]\nRequires=pool.service\n" + sleep,
		"beyond.service":   "[Unit]\nPartOf=down.service\n" + sleep,
		"refuses.service":  "[Unit]\nRefuseManualStop=yes\n" + sleep,
		"opposes.service":  "[Unit]\nConflicts=starting.service\n" + sleep,
		"starting.service": "[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\n",
	} {
		unit(t, name, text)
	}
	if err := m.Reload(ctx); err != nil {
		t.Fatal(err)
	}
	up := []string{"pool.service", "requires.service", "further.service", "part.service", "wants.service", "beyond.service", "refuses.service", "opposes.service"}
	systemctl(t, append([]string{"start"}, up...)...)

	t.Run("takes along what it says", func(t *testing.T) {
		want := []string{"further.service", "part.service", "requires.service"}
		got, err := m.RestartedWith(ctx, "pool.service")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		before := mainPIDs(t, ctx, m, up)
		if err := restart(ctx, m, "pool.service"); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if len(changed(before, mainPIDs(t, ctx, m, up))) == len(want)+1 {
				break
			}
		}
		moved := changed(before, mainPIDs(t, ctx, m, up))
		if diff := cmp.Diff(append(want[:2:2], "pool.service", want[2]), moved); diff != "" {
			t.Errorf("restarted (-want +got)\n%s", diff)
		}
	})
	t.Run("is refused where the unit says so", func(t *testing.T) {
		s, err := m.Service(ctx, "refuses.service")
		if err != nil || !s.RefuseManualStop || s.RefuseManualStart {
			t.Errorf("%+v, %v", s, err)
		}
		var refused *Error
		if _, err := m.Restart(ctx, "refuses.service"); !errors.As(err, &refused) {
			t.Errorf("got %v, want an *Error", err)
		}
	})
	t.Run("is refused where it would undo what others have asked for", func(t *testing.T) {
		systemctl(t, "--no-block", "start", "starting.service")
		var refused *Error
		if _, err := m.Restart(ctx, "opposes.service"); !errors.As(err, &refused) {
			t.Errorf("got %v, want an *Error", err)
		}
		state := func() string {
			s, err := m.Service(ctx, "starting.service")
			if err != nil {
				t.Fatal(err)
			}
			return s.ActiveState
		}
		for deadline := time.Now().Add(10 * time.Second); state() != "activating" && time.Now().Before(deadline); { // its job may be waiting
			time.Sleep(5 * time.Millisecond)
		}
		if got := state(); got != "activating" {
			t.Errorf("the one that is to start is %s", got)
		}
	})
	t.Run("a unit may be masked while it runs", func(t *testing.T) {
		const file = "/etc/systemd/system/pool.service"
		if err := errors.Join(os.Remove(file), os.Symlink("/dev/null", file), m.Reload(ctx)); err != nil {
			t.Fatal(err)
		}
		if s, err := m.Service(ctx, "pool.service"); err != nil || s.LoadState != "masked" || s.ActiveState != "active" {
			t.Errorf("%s and %s, %v", s.LoadState, s.ActiveState, err)
		}
	})
}

func mainPIDs(t *testing.T, ctx context.Context, m *Manager, units []string) map[string]int {
	t.Helper()
	pids := map[string]int{}
	for _, name := range units {
		s, err := m.Service(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		pids[name] = s.MainPID
	}
	return pids
}

// changed names what runs again, in order.
func changed(before, now map[string]int) []string {
	var names []string
	for name, pid := range now {
		if pid != 0 && pid != before[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
