package systemd

import (
	"context"
	"strings"
	"time"
)

// Service is what systemd knows of a service: its files as loaded, and its state now.
type Service struct {
	Name           string   // the name that aliases lead to
	Names          []string // that, and its aliases
	LoadState      string   // Loaded, NotFound, Masked; "bad-setting", "error"
	ActiveState    string   // "active", "activating", "inactive", "failed" ...
	SubState       string
	Frozen         bool     // by systemctl freeze, its own or its slice's
	FragmentPath   string   // the unit file; "" for one without
	DropInPaths    []string // in the order in which they count
	Outdated       bool     // its files have changed since they were loaded, as far as systemd notices (NeedDaemonReload)
	Transient      bool     // made by systemd-run and gone when it stops
	ControlGroup   string   // "" while it does not run
	MainPID        int      // 0: none
	ControlPID     int      // that of ExecStartPost=, ExecReload= ...; 0: none runs
	ExecStart      []Exec
	ExecStartPre   []Exec
	ExecStartPost  []Exec
	Type           string // "simple", "notify", "forking", "oneshot" ...
	User           string // "": root
	DynamicUser    bool
	NotifyAccess   string // "none", "main", "exec", "all"; a descriptor store makes "main" of "none"
	FDStoreMax     uint32 // FileDescriptorStoreMax=
	TriggeredBy    []string
	After          []string // their start comes before its own, where both are asked for
	PrivateNetwork bool     // it has a network namespace to itself
	NetworkNSPath  string   // NetworkNamespacePath=
	Sandbox
	TimeoutStart time.Duration // 0: there is none
	Restart      string        // "no", "always", "on-failure" ...
	RestartDelay time.Duration // RestartSec=
	StartLimit   StartLimit
	// SuccessStatuses are the exit statuses of SuccessExitStatus=, beside 0. They count for ExecStartPre= as well.
	SuccessStatuses []int
	KillMode        string // "control-group", "mixed", "process", "none"
	Delegate        bool   // what is below its cgroup is its own business
	// RemainAfterExit: it is up when its start has ended, whatever is left of it.
	RemainAfterExit bool
	// RefuseManualStart, RefuseManualStop: systemd starts and stops it for other units' sake alone.
	RefuseManualStart, RefuseManualStop bool
}

// Of Service.LoadState.
const (
	Loaded   = "loaded"
	NotFound = "not-found" // drop-ins may lie there all the same
	Masked   = "masked"
)

// AsRoot reports whether its commands run as root.
func (s Service) AsRoot() bool { return !s.DynamicUser && (s.User == "" || s.User == "root") }

// UserName is the user that its commands run as, in words where only systemd knows him.
func (s Service) UserName() string {
	switch {
	case s.AsRoot():
		return "root"
	case s.User == "":
		return "(DynamicUser=)"
	}
	return s.User
}

// StartLimit is how many starts within an interval systemd goes along with; then the service stays down. Either is 0: there is no
// limit.
type StartLimit struct {
	Burst    uint32
	Interval time.Duration
}

// Service reads what systemd knows of a service. That there is none of this name is no error: LoadState says NotFound.
func (m *Manager) Service(ctx context.Context, name string) (Service, error) {
	all, err := m.conn.GetAllPropertiesContext(ctx, name)
	if err != nil {
		return Service{}, &Error{Op: "look at", Unit: name, Err: err}
	}
	p := properties(all)
	s := Service{
		Name:           p.text("Id"),
		Names:          p.texts("Names"),
		LoadState:      p.text("LoadState"),
		ActiveState:    p.text("ActiveState"),
		SubState:       p.text("SubState"),
		Frozen:         strings.HasPrefix(p.text("FreezerState"), "fr"), // frozen, freezing; since 256 also ...-by-parent
		FragmentPath:   p.text("FragmentPath"),
		DropInPaths:    p.texts("DropInPaths"),
		Outdated:       p.flag("NeedDaemonReload"),
		Transient:      p.flag("Transient"),
		ControlGroup:   p.text("ControlGroup"),
		ExecStart:      p.commands("ExecStart"),
		ExecStartPre:   p.commands("ExecStartPre"),
		ExecStartPost:  p.commands("ExecStartPost"),
		Type:           p.text("Type"),
		User:           p.text("User"),
		DynamicUser:    p.flag("DynamicUser"),
		NotifyAccess:   p.text("NotifyAccess"),
		TriggeredBy:    p.texts("TriggeredBy"),
		After:          p.texts("After"),
		PrivateNetwork: p.flag("PrivateNetwork"),
		NetworkNSPath:  p.text("NetworkNamespacePath"),
		Sandbox:        p.sandbox(),
		Restart:        p.text("Restart"),
		KillMode:       p.text("KillMode"),
		Delegate:       p.flag("Delegate"),

		RemainAfterExit:   p.flag("RemainAfterExit"),
		RefuseManualStart: p.flag("RefuseManualStart"),
		RefuseManualStop:  p.flag("RefuseManualStop"),
	}
	pid, _ := all["MainPID"].(uint32)
	s.MainPID = int(pid)
	pid, _ = all["ControlPID"].(uint32)
	s.ControlPID = int(pid)
	s.FDStoreMax, _ = all["FileDescriptorStoreMax"].(uint32)
	s.TimeoutStart, s.RestartDelay = p.duration("TimeoutStartUSec"), p.duration("RestartUSec")
	s.StartLimit.Burst, _ = all["StartLimitBurst"].(uint32)
	s.StartLimit.Interval = p.duration("StartLimitIntervalUSec")
	s.SuccessStatuses = p.statuses("SuccessExitStatus")
	return s, nil
}

// Listen is an address that a .socket unit listens on.
type Listen struct {
	Type    string // "Stream", "Datagram", "FIFO" ...
	Address string // "[::]:22", "0.0.0.0:22", "/run/x.sock" ...
}

// Listens reads what a .socket unit listens on.
func (m *Manager) Listens(ctx context.Context, socket string) ([]Listen, error) {
	p, err := m.conn.GetUnitTypePropertyContext(ctx, socket, "Socket", "Listen")
	if err != nil {
		return nil, &Error{Op: "look at", Unit: socket, Err: err}
	}
	rows, _ := p.Value.Value().([][]any)
	var all []Listen
	for _, row := range rows {
		if len(row) != 2 {
			continue
		}
		kind, _ := row[0].(string)
		address, _ := row[1].(string)
		all = append(all, Listen{kind, address})
	}
	return all, nil
}

// properties are D-Bus properties by name. One that this version of systemd does not have reads as its zero value.
type properties map[string]any

func (p properties) text(name string) string {
	s, _ := p[name].(string)
	return s
}

func (p properties) texts(name string) []string {
	s, _ := p[name].([]string)
	return s
}

func (p properties) flag(name string) bool {
	b, _ := p[name].(bool)
	return b
}

// duration reads a time; what has no end reads as 0.
func (p properties) duration(name string) time.Duration {
	usec, _ := p[name].(uint64)
	if usec == infinity {
		return 0
	}
	return time.Duration(usec) * time.Microsecond
}

// statuses reads a set of exit statuses and signals: the statuses of it.
func (p properties) statuses(name string) []int {
	set, _ := p[name].([]any)
	if len(set) == 0 {
		return nil
	}
	numbers, _ := set[0].([]int32)
	var all []int
	for _, number := range numbers {
		all = append(all, int(number))
	}
	return all
}

// commands reads an array of (path, argv, ...) structures.
func (p properties) commands(name string) []Exec {
	rows, _ := p[name].([][]any)
	var all []Exec
	for _, row := range rows {
		if len(row) < 2 {
			continue
		}
		path, _ := row[0].(string)
		args, _ := row[1].([]string)
		all = append(all, Exec{path, args})
	}
	return all
}
