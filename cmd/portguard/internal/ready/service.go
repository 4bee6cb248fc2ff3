package ready

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
	"portguard/internal/environ"
	"portguard/netdiag/owner"
	"portguard/systemd"
	"portguard/wrapper/ready"
)

// service is whom it is asked about. The zero value: anybody.
type service struct {
	unit    systemd.Unit
	process owner.Stat // --pid
	inside  bool       // this process is of the unit: when nobody else is any more, it has ended
	main    int        // the unit's main process as systemd told us; 0: not told
}

func (o *options) service(fs *pflag.FlagSet) (service, error) {
	right := "portguard ready --wait 30s --unit order.service -p 30010"
	switch {
	case fs.Changed("pid") && fs.Changed("unit"):
		return service{}, cli.Misuse("--pid and --unit are two services, and it is asked about one", right, mend.Without("pid"))
	case fs.Changed("unit"):
		name, err := systemd.ServiceName(o.unit)
		if err != nil {
			return service{}, cli.Misuse("--unit: "+err.Error(), right, mend.Value("unit", o.unit, "order.service"))
		}
		if !(owner.Scanner{}).NamesUnits() {
			return service{}, fmt.Errorf("--unit %s: the service manager is outside of this cgroup namespace, where nothing tells which unit a process is of", page.Safe(name))
		}
		return service{unit: systemd.Unit{Name: name}}, nil
	case !fs.Changed("pid"):
		return service{}, nil
	case o.pid <= 0:
		return service{}, cli.Misuse(fmt.Sprintf("--pid %d is no process", o.pid), "portguard ready --wait 30s --pid $! -p 30010", mend.Value("pid", strconv.Itoa(o.pid), "2022"))
	}
	p, err := owner.Scanner{}.Stat(o.pid)
	if err != nil {
		p = owner.Stat{PID: o.pid, State: 'X'} // it has ended before
	}
	return service{process: p}, nil
}

// isNamed reports whether the service was named as a unit, and not found to be that of this process.
func (s service) isNamed() bool { return s.unit.Name != "" && !s.inside }

// absent reports whether systemd knows no unit of the name that was given. Where it cannot be asked, there may be one.
func (s service) absent(ctx context.Context) bool {
	if !s.isNamed() {
		return false
	}
	now, known := asked(ctx, s.unit.Name)
	return known && now.LoadState == systemd.NotFound
}

// asked is what systemd says of a unit. False: it cannot be asked.
func asked(ctx context.Context, name string) (systemd.Service, bool) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	m, err := systemd.Connect(ctx)
	if err != nil {
		return systemd.Service{}, false
	}
	defer m.Close()
	now, err := m.Service(ctx, name)
	return now, err == nil
}

// ofControl is the service of which this is a control process, as ExecStartPost= and ExecReload= start them; anybody's, where it is none.
func ofControl(ctx context.Context, env []string) service {
	cgroup, err := owner.Scanner{}.Cgroup(os.Getpid())
	if err != nil {
		return service{}
	}
	u, ok := systemd.UnitOfCgroup(cgroup)
	if !ok || !strings.HasSuffix(u.Name, ".service") {
		return service{}
	}
	main, told := environ.Lookup(env, "MAINPID")
	pid, _ := strconv.Atoi(main)
	if !told && !isControl(ctx, env, u) {
		return service{}
	}
	return service{unit: u, inside: true, main: pid}
}

// isControl asks systemd, which tells the main process of control processes alone, and not where there is none, as with Type=oneshot.
func isControl(ctx context.Context, env []string, u systemd.Unit) bool {
	_, tells := environ.Lookup(env, "SYSTEMD_EXEC_PID")
	if u.User || tells && !environ.FromSystemd(env, os.Getpid()) || !tells && !invoked(env) {
		return false
	}
	now, known := asked(ctx, u.Name)
	return known && now.ControlPID == os.Getpid()
}

// invoked: some process of a unit's (systemd before 248 does not tell which).
func invoked(env []string) bool {
	_, ok := environ.Lookup(env, "INVOCATION_ID")
	return ok
}

func (s service) whose() ready.Whose {
	return ready.Whose{Unit: s.unit, PID: s.process.PID}
}

// watch makes a function that tells when the service has ended.
func (s service) watch() func() bool {
	switch {
	case s.process.PID != 0:
		return func() bool { return !lives(s.process) }
	case s.inside:
		return s.watchUnit()
	}
	return func() bool { return false } // it may be started yet
}

func lives(p owner.Stat) bool {
	now, err := owner.Scanner{}.Stat(p.PID)
	return err == nil && now.ID() == p.ID() && (!now.Zombie() || now.Threads > 1)
}

// watchUnit looks at the main process, and where there is none at everybody, now and then.
func (s service) watchUnit() func() bool {
	main, err := owner.Scanner{}.Stat(s.main)
	known := s.main != 0 && err == nil
	var again time.Time
	return func() bool {
		if known && lives(main) || time.Now().Before(again) {
			return false
		}
		began := time.Now()
		empty := !s.othersLive()
		again = time.Now().Add(max(200*time.Millisecond, 200*time.Since(began)))
		return empty
	}
}

// othersLive reports whether the unit has a process beside this one and those that it runs in.
func (s service) othersLive() bool {
	all, err := owner.Scanner{}.Stats()
	if err != nil {
		return true
	}
	line, _ := owner.Ancestors(os.Getpid())
	line = append(line, os.Getpid())
	return slices.ContainsFunc(all, func(p owner.Stat) bool {
		if p.Zombie() && p.Threads <= 1 || slices.Contains(line, p.PID) {
			return false
		}
		cgroup, err := owner.Scanner{}.Cgroup(p.PID)
		u, ok := systemd.UnitOfCgroup(cgroup)
		return err == nil && ok && u == s.unit
	})
}

// String names it in a sentence.
func (s service) String() string {
	switch {
	case s.process.PID != 0 && s.process.Command != "":
		return fmt.Sprintf("%s (pid %d)", page.Safe(s.process.Command), s.process.PID)
	case s.process.PID != 0:
		return fmt.Sprintf("pid %d", s.process.PID)
	case s.unit != systemd.Unit{}:
		return page.Safe(s.unit.Name)
	}
	return ""
}
