package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"time"
)

const portguard = "/usr/bin/portguard"

// survey starts one server in every way. It needs a machine of its own (see rig.go), and returns what it has when something goes wrong.
func survey(ctx context.Context, e entry, short bool) (r result) {
	begun := time.Now()
	r = result{Name: e.name}
	err := e.steps(ctx, &r, short)
	if err != nil {
		r.Error = err.Error()
	}
	r.Seconds = int(time.Since(begun) / time.Second)
	return r
}

func (e *entry) steps(ctx context.Context, r *result, short bool) (err error) {
	if err := e.prepare(); err != nil {
		return err
	}
	cmd := exec.Command("bash", "-c", e.version)
	cmd.Dir = workDir
	cmd.Env = append(os.Environ(), "HOME="+workDir)
	out, _ := cmd.CombinedOutput() // some exit with another status
	r.Version = versionIn(string(out))
	if r.Alone, err = e.try(ctx, try{quick: short}); err != nil || r.Alone.Failed != "" {
		return err
	}
	want := r.Alone.Listens
	if !short {
		if r.Taken, err = e.taken(ctx, want); err != nil {
			return err
		}
	}
	guard := fmt.Sprintf("%s -p %d ", portguard, port)
	if r.Share, err = e.try(ctx, try{guard: guard + "--share -- ", want: want, held: true, quick: short}); err != nil {
		return err
	}
	if r.Hold, err = e.try(ctx, try{guard: guard + "-- ", want: want, quick: short}); err != nil {
		return err
	}
	forms := []string{"--as pre", "--as wrapper", "--as wrapper --hold fdstore", "--as pre --share --wait 30s"}
	if short {
		forms = forms[1:2]
	}
	for _, form := range forms {
		in, err := e.installed(ctx, form, want)
		if err != nil {
			return err
		}
		r.Install = append(r.Install, in)
	}
	return nil
}

// version is the first that looks like one.
var version = regexp.MustCompile(`\d+\.\d+(?:\.\d+)*(?:p\d+)?`)

func versionIn(text string) string { return version.FindString(text) }

// try is a start, and what is in its way.
type try struct {
	guard string   // what stands before the command
	want  []string // where it listens when all is well; nil: to be found out
	held  bool     // a client has the port
	quick bool     // no reload and no restart
}

// try writes the unit, and starts it.
func (e *entry) try(ctx context.Context, t try) (s start, err error) {
	if err := e.write(t.guard); err != nil {
		return s, err
	}
	return e.started(ctx, t)
}

// started starts the unit as it is, looks at it, and ends it.
func (e *entry) started(ctx context.Context, t try) (s start, err error) {
	var h *holder
	if t.held {
		if h, err = hold(); err != nil {
			return s, err
		}
	}
	defer func() {
		if h != nil && !h.alive() {
			s.Holder = "it has lost its connection"
		}
		if h != nil {
			h.release()
		}
		if failed := end(ctx); err == nil {
			err = failed
		}
	}()
	if err := begin(); err != nil {
		return s, err
	}
	if err := e.serves(); err != nil {
		s.Failed = err.Error()
		return s, nil
	}
	if s.Listens, err = settled(t.want); err != nil {
		return s, err
	}
	if s.Bare, err = listensBare(ctx); err != nil {
		return s, err
	}
	p, err := look()
	if err != nil {
		return s, err
	}
	pids := processesOf(p.cgroup)
	s.Processes = len(pids)
	if s.MainKeeps, s.Keep, err = keeps(ctx, p.pid, pids); err != nil || t.quick {
		return s, err
	}
	s.Reload = e.reloads(t.want)
	s.Restart = e.restarts(ctx, t.want)
	return s, nil
}

// settled waits until a server listens on all that it is wanted to, or for half a second without a change.
func settled(want []string) (all []string, err error) {
	last := time.Now()
	for begun := last; time.Since(begun) < 3*time.Second; time.Sleep(50 * time.Millisecond) {
		now, err := listening()
		if err != nil {
			return nil, err
		}
		if want != nil && slices.Equal(now, want) {
			return now, nil
		}
		if !slices.Equal(now, all) {
			all, last = now, time.Now()
		}
		if want == nil && time.Since(last) > 500*time.Millisecond {
			break
		}
	}
	return all, nil
}

// reloads says why a server does not serve after a reload.
func (e *entry) reloads(want []string) string {
	if e.reload == "" {
		return ""
	}
	if err := run("systemctl", "reload", unitName); err != nil {
		return err.Error()
	}
	time.Sleep(e.reloadIn)
	if err := e.probe.ask(); err != nil {
		return err.Error()
	}
	if got, err := settled(want); err != nil || want != nil && !slices.Equal(got, want) {
		return fmt.Sprintf("it listens on %q, %v", got, err)
	}
	return ""
}

// restarts says why a server does not serve after a restart with connections of its clients open.
func (e *entry) restarts(ctx context.Context, want []string) string {
	if e.probe.kind != "listens" {
		for range 2 {
			c, err := dial()
			if err != nil {
				return err.Error()
			}
			defer func(c net.Conn) { _ = c.Close() }(c)
		}
	}
	if err := run("systemctl", "stop", unitName); err != nil {
		return err.Error()
	}
	if err := begin(); err != nil {
		return err.Error()
	}
	if err := e.serves(); err != nil {
		return err.Error()
	}
	if got, err := settled(want); err != nil || want != nil && !slices.Equal(got, want) {
		return fmt.Sprintf("it listens on %q, %v", got, err)
	}
	return ""
}
