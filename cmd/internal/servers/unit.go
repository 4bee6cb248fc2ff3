package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The directory and the unit of the server that is surveyed. One has the machine to itself.
const (
	workDir  = "/t"
	unitName = "surveyed.service"
	unitFile = "/etc/systemd/system/" + unitName
	output   = workDir + "/said"
)

// prepare makes the server's directory and its files.
func (e *entry) prepare() error {
	if err := os.RemoveAll(workDir); err != nil {
		return err
	}
	if err := os.Mkdir(workDir, 0); err != nil {
		return err
	}
	if err := os.Chmod(workDir, 0o1777); err != nil {
		return err
	}
	files := map[string]string{"start": "exec " + e.start + "\n", "reload": e.reload + "\n", "before": e.before + "\n"}
	for _, f := range e.files {
		files[f.Name] = string(f.Data)
	}
	for name, text := range files {
		path := filepath.Join(workDir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	cmd := exec.Command("bash", "-ec", e.setup)
	cmd.Dir = workDir
	cmd.Env = append(os.Environ(), "HOME="+workDir, "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("setup: %w\n%s", err, out)
	}
	return nil
}

// write writes the server's unit, with a guard in front of its command or without. A guard runs as root, whoever the server does.
func (e *entry) write(guard string) error {
	user := "User=" + e.user
	if guard != "" && e.user != "" {
		user, guard = "", guard+"/usr/bin/setpriv --reuid "+e.user+" --regid "+e.user+" --clear-groups "
	}
	lines := []string{
		"[Unit]", "StartLimitIntervalSec=0",
		"[Service]", "ExecStart=" + guard + "/bin/sh " + workDir + "/start", user,
		"WorkingDirectory=" + workDir, "Environment=HOME=" + workDir + " LC_ALL=C",
		"StandardOutput=append:" + output, "StandardError=append:" + output,
		"TimeoutStopSec=" + strconv.Itoa(int(e.stopIn/time.Second)), "TimeoutStartSec=90",
	}
	for _, assignment := range e.environment {
		lines = append(lines, "Environment="+assignment)
	}
	if e.forks {
		lines = append(lines, "ExitType=cgroup")
	}
	if e.before != "" {
		lines = append(lines, "ExecStartPre=-/bin/sh "+workDir+"/before")
	}
	if e.reload != "" {
		lines = append(lines, "ExecReload=/bin/sh "+workDir+"/reload")
	}
	if e.stopSignal != "" {
		lines = append(lines, "KillSignal="+e.stopSignal)
	}
	if err := os.WriteFile(unitFile, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	return run("systemctl", "daemon-reload")
}

// begin has systemd start the server. Whether it serves is another question.
func begin() error {
	if err := os.WriteFile(output, nil, 0o666); err != nil {
		return err
	}
	if err := os.Chmod(output, 0o666); err != nil { // servers that open /dev/stderr do so as their own users
		return err
	}
	_ = run("systemctl", "start", unitName)
	return nil
}

// serves waits until the server answers.
func (e *entry) serves() error {
	var err error
	for deadline := time.Now().Add(e.upIn); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = e.probe.ask(); err == nil {
			return nil
		}
		if p, failed := look(); failed == nil && p.ended() {
			return fmt.Errorf("it ends: %s %s: %s", p.result, p.status, said())
		}
	}
	return fmt.Errorf("it does not answer: %w: %s", err, said())
}

// end stops the server, and whatever is left of it.
func end(ctx context.Context) error {
	if err := run("systemctl", "stop", unitName); err != nil {
		return err
	}
	_ = run("systemctl", "kill", "--signal=KILL", unitName) // where there is nobody it fails
	_ = run("systemctl", "reset-failed", unitName)          // and where nothing has failed
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if all, err := listening(); err != nil || len(all) == 0 {
			return errors.Join(err, clearPort(ctx))
		}
	}
	return errors.New("somebody goes on listening when the server has ended")
}

// process is what systemd says of the unit.
type process struct {
	active, result, status, cgroup string
	code                           string // how the main process ended: 1 by itself, 2 killed
	pid                            int
	ran                            time.Duration
}

func (p process) ended() bool { return p.active == "failed" || p.active == "inactive" }

func look() (p process, err error) {
	out, err := exec.Command("systemctl", "show", unitName, "-p",
		"ActiveState,Result,ExecMainStatus,ExecMainCode,ControlGroup,MainPID,ExecMainStartTimestampMonotonic,ExecMainExitTimestampMonotonic").Output()
	if err != nil {
		return p, err
	}
	v := map[string]string{}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		v[key] = value
	}
	p = process{active: v["ActiveState"], result: v["Result"], status: v["ExecMainStatus"], code: v["ExecMainCode"], cgroup: v["ControlGroup"]}
	p.pid, _ = strconv.Atoi(v["MainPID"])
	began, _ := strconv.ParseInt(v["ExecMainStartTimestampMonotonic"], 10, 64)
	exited, _ := strconv.ParseInt(v["ExecMainExitTimestampMonotonic"], 10, 64)
	if exited > began {
		p.ran = time.Duration(exited-began) * time.Microsecond
	}
	return p, nil
}

// said is the end of what the server and portguard have said.
func said() string {
	text, _ := os.ReadFile(output) // it says nothing
	return strings.TrimSpace(string(text[max(0, len(text)-400):]))
}

// run runs a program, whose output is in the error.
func run(argv ...string) error {
	if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%q: %w: %s", argv, err, out)
	}
	return nil
}
