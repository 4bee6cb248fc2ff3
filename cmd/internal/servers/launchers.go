package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

//go:embed launchers.txt
var launcherList string // read only

// launchersOn is the release on which they are looked at.
const launchersOn = "bookworm"

// launcher is a program between portguard and a service.
type launcher struct {
	name, line string
	packages   []string
}

// launched is what a launcher has done with the placeholder.
type launched struct {
	Name    string `json:"name"`
	Error   string `json:"error,omitempty"`
	Service bool   `json:"service"` // the service has it
	Another bool   `json:"another"` // another process does, the launcher as a rule
}

func launchers() []launcher {
	var all []launcher
	for line := range strings.Lines(launcherList) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) == 3 && !strings.HasPrefix(line, "#") {
			all = append(all, launcher{f[0], f[2], strings.Fields(f[1])})
		}
	}
	return all
}

func launcherPackages(release string, names []string) []string {
	var all []string
	if release == launchersOn && len(names) == 0 {
		for _, l := range launchers() {
			all = append(all, l.packages...)
		}
	}
	return all
}

// launchAll looks at all of them, on a machine of their own.
func launchAll(root, own, guard string) (all []launched, err error) {
	err = onStage(func(t testing.TB) {
		out, err := boot(t, root, own, guard).Command(ownPath, "launch").Output()
		if err == nil {
			err = json.Unmarshal(out, &all)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	return all, err
}

// launchInside is what runs there.
func launchInside(ctx context.Context) error {
	all := []launched{}
	for _, l := range launchers() {
		result := launched{Name: l.name}
		if err := l.launch(ctx, &result); err != nil {
			result.Error = err.Error()
		}
		all = append(all, result)
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}

// launch starts the service, which is "sleep 4242", by the launcher.
func (l launcher) launch(ctx context.Context, result *launched) error {
	const unit = "launched.service"
	defer func() { _ = run("systemctl", "stop", unit) }() // it may have ended
	err := run("systemd-run", "--quiet", "--collect", "--unit="+unit, "--property=ExitType=cgroup", "--property=StandardInput=null",
		portguard, "-p", strconv.Itoa(port), "--", "sh", "-c", l.line)
	if err != nil {
		return err
	}
	service := 0
	for deadline := time.Now().Add(10 * time.Second); service == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("no service comes up")
		}
		service = sleeper()
	}
	defer func() { _ = run("kill", "-KILL", strconv.Itoa(service)) }() // it may have left the unit, and may have ended
	time.Sleep(200 * time.Millisecond)                                 // until the launcher has closed what it wants to
	all, err := os.ReadDir("/proc")
	if err != nil {
		return err
	}
	var pids []int
	for _, d := range all {
		if pid, err := strconv.Atoi(d.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	first, kept, err := keeps(ctx, service, pids)
	result.Service, result.Another = first, kept > 0 && !first
	return err
}

// sleeper is the service's pid; 0 when there is none.
func sleeper() int {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is right
	for _, file := range files {
		line, _ := os.ReadFile(file) // it may have ended
		if name, _, _ := strings.Cut(string(line), "\x00"); filepath.Base(name) == "sleep" && strings.HasSuffix(string(line), "\x004242\x00") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			return pid
		}
	}
	return 0
}

// launcherTable is those that hand the placeholder on, and those that do not.
func launcherTable(all []launched) string {
	var on, kept, lost []string
	for _, l := range all {
		name := "`" + l.Name + "`"
		switch {
		case l.Error != "":
		case l.Service:
			on = append(on, name)
		case l.Another:
			kept = append(kept, name)
		default:
			lost = append(lost, name)
		}
	}
	return fmt.Sprintf("| the service has the placeholder | |\n|---|---|\n| yes | %s |\n| no, the launcher keeps it, and the port is held as long as that runs | %s |\n"+
		"| **no, nobody has it: the port is not held** | %s |\n", strings.Join(on, ", "), strings.Join(kept, ", "), strings.Join(lost, ", "))
}
