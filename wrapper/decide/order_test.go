package decide

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/systemd"
)

// A program that has asked for the port asks again when it starts: either it fails, and its service is down, or the service that wants the
// port does. Which one is no race where systemd starts it only when the other has the port.
func TestDecideRestartOfWhoWouldAskAgain(t *testing.T) {
	const (
		self, script = 5000, 4990
		asks         = "its program asked for this port itself, and would ask for it again: "
		race         = asks + "after a restart one of the two services is down"
		untold       = asks + "pool.service starts after order.service, but systemd is not told when that has the port (Type="
	)
	// before is a start of order.service that waits for portguard.
	before := func(change func(*Start)) Start {
		s := Start{Job: "start", Service: systemd.Service{
			Name: "order.service", Type: "notify", ActiveState: "activating", SubState: "start-pre", ControlPID: self,
		}}
		change(&s)
		return s
	}
	typed := func(kind string) Start { return before(func(s *Start) { s.Type = kind }) }
	phase := func(sub string, main, control int) Start {
		return before(func(s *Start) { s.SubState, s.MainPID, s.ControlPID = sub, main, control })
	}
	post := func(args ...string) Start {
		return before(func(s *Start) {
			s.Type, s.ExecStartPost = "simple", []systemd.Exec{{Path: "/bin/true"}, {Path: "/usr/bin/" + args[0], Args: args}}
		})
	}
	ordered, unordered := []string{"basic.target", "order.service"}, []string{"basic.target", "web.service"}
	for _, tt := range []struct {
		name  string
		after []string
		own   Start
		want  string // "": it goes ahead
	}{
		{"in ExecStartPre=", ordered, before(func(*Start) {}), ""},
		{"in a script in ExecStartPre=", ordered, phase("start-pre", 0, script), ""},
		{"in ExecStart=, before the service's own word", ordered, phase("start", self, 0), ""},
		{"in ExecStart= of Type=forking", ordered, before(func(s *Start) { s.Type, s.SubState = "forking", "start" }), ""},
		{"Type=dbus", ordered, typed("dbus"), ""},
		{"Type=notify-reload", ordered, typed("notify-reload"), ""},
		{"Type=simple that portguard ready proves", ordered, post("portguard", "ready", "--wait", "30s"), ""},

		{"not ordered", unordered, before(func(*Start) {}), race},
		{"systemd was not asked", ordered, Start{}, race},
		{"a shell in the service's cgroup", ordered, phase("running", 4000, 0), race},
		{"a start that waits for others", ordered, phase("start-pre", 0, 4980), race},
		{"the start was cancelled", ordered, before(func(s *Start) { s.Job = "" }), race},
		{"it is to stop", ordered, before(func(s *Start) { s.Job = "stop" }), race},
		{"in ExecReload=", ordered, before(func(s *Start) { s.Job, s.SubState, s.ActiveState = "reload", "reload", "reloading" }), race},
		{"in ExecStartPost=", ordered, phase("start-post", 4000, self), race},
		{"Type=simple", ordered, typed("simple"), untold + "simple, no ExecStartPost= with portguard ready)"},
		{"Type=exec", ordered, typed("exec"), untold + "exec, no ExecStartPost= with portguard ready)"},
		{"Type=oneshot", ordered, typed("oneshot"), untold + "oneshot, no ExecStartPost= with portguard ready)"},
		{"Type=simple, another ExecStartPost=", ordered, post("curl", "ready"), untold + "simple, no ExecStartPost= with portguard ready)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			services := thatRun("pool.service")
			pool := services["pool.service"]
			pool.After = tt.after
			services["pool.service"] = pool
			j := Judge{OwnUnit: "order.service", Own: tt.own, Services: services,
				Protected: map[int]string{1: "the init process", self: "portguard itself", script: "a process that portguard runs in"}}
			h := netdiag.Holder{Kind: netdiag.BoundClient, Owners: []owner.Process{{PID: 4000, Cgroup: "/system.slice/pool.service"}}}
			want := Decision{}
			if tt.want != "" {
				want = Decision{Result: NotPossible, Why: tt.want}
			}
			if diff := cmp.Diff(want, j.Decide(RestartUnit, tcp(30010), &h)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			h.Kind = netdiag.Client
			if d := j.Decide(RestartUnit, tcp(30010), &h); !d.GoAhead() {
				t.Errorf("a client for which the kernel has picked the port: %+v", d)
			}
		})
	}
}
