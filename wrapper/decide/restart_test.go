package decide

import (
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/systemd"
)

// thatRun are services of which nothing speaks against a restart.
func thatRun(units ...string) map[string]Service {
	all := map[string]Service{}
	for _, unit := range units {
		all[unit] = Service{Service: systemd.Service{
			LoadState: "loaded", ActiveState: "active", ControlGroup: "/system.slice/" + unit, KillMode: "control-group",
		}}
	}
	return all
}

// A service is restarted only where systemd will do it, where that reaches every process that has the socket, and where it
// takes nobody along who is in the middle of starting portguard.
func TestDecideRestart(t *testing.T) {
	const pool = "/system.slice/pool.service"
	running := thatRun("pool.service")["pool.service"].Service
	running.MainPID = 4000
	main, child := owner.Process{PID: 4000, Cgroup: pool}, owner.Process{PID: 4001, Cgroup: pool}
	below := owner.Process{PID: 4002, Cgroup: pool + "/workers"}
	container := owner.Process{PID: 4003, Cgroup: pool + "/kubepods-burstable-pod0f1e.slice:cri-containerd:aaaa"}
	ofUser := owner.Process{PID: 4004, User: "ann", Cgroup: "/user.slice/user-1000.slice/user@1000.service/app.slice/pool.service"}
	session := owner.Process{PID: 4005, Cgroup: "/user.slice/user-0.slice/session-3.scope"}
	elsewhere := owner.Process{PID: 4006, Cgroup: "/system.slice/web.service"}

	// as changes what systemd says of the service.
	as := func(change func(*Service)) Service {
		s := Service{Service: running}
		change(&s)
		return s
	}
	mode := func(mode string) Service { return as(func(s *Service) { s.KillMode = mode }) }
	state := func(state string) Service { return as(func(s *Service) { s.ActiveState = state }) }
	load := func(state string) Service { return as(func(s *Service) { s.LoadState = state }) }
	with := func(units ...string) Service { return as(func(s *Service) { s.With = units }) }
	delegated := as(func(s *Service) { s.Delegate = true })
	refused := func(why string) Decision { return Decision{Result: NotPossible, Why: why} }
	leftAlive := func(mode string) Decision {
		return refused("a restart of pool.service would leave pid 4001 alive: it ends the main process alone (KillMode=" + mode + ")")
	}

	for _, tt := range []struct {
		name    string
		service Service
		owners  []owner.Process
		want    Decision
	}{
		{"the main process", as(func(*Service) {}), []owner.Process{main}, Decision{}},
		{"a child of it", as(func(*Service) {}), []owner.Process{child}, Decision{}},
		{"both", as(func(*Service) {}), []owner.Process{main, child}, Decision{}},
		{"mixed", mode("mixed"), []owner.Process{main, child}, Decision{}},
		{"in a cgroup below", as(func(*Service) {}), []owner.Process{below}, Decision{}},
		{"of two services", as(func(*Service) {}), []owner.Process{main, elsewhere}, refused("it is not one service of systemd's that has it")},
		{"of no service", as(func(*Service) {}), []owner.Process{session}, refused("it is not one service of systemd's that has it")},
		{"of a user's service", as(func(*Service) {}), []owner.Process{ofUser}, Decision{
			NotPossible, "it is not one service of systemd's that has it", "systemctl --user -M ann@ restart pool.service"}},

		{"KillMode=process, the main process", mode("process"), []owner.Process{main}, Decision{}},
		{"KillMode=process, a job of cron, or a session of ssh", mode("process"), []owner.Process{child}, leftAlive("process")},
		{"KillMode=process, one of two", mode("process"), []owner.Process{main, child}, leftAlive("process")},
		{"KillMode=none", mode("none"), []owner.Process{main}, refused("a restart of pool.service ends no process (KillMode=none)")},
		{"a container below its manager", delegated, []owner.Process{container},
			refused("a restart of pool.service is not about pid 4003, which it runs in a cgroup of its own making (Delegate=)")},
		{"the manager of containers itself", delegated, []owner.Process{main}, Decision{}},
		{"not in the unit's cgroup", as(func(s *Service) { s.ControlGroup = "/system.slice/pool.service2" }), []owner.Process{child},
			refused("a restart of pool.service would not end pid 4001, which is not in its cgroup")},
		{"in a cgroup of nearly the same name", as(func(s *Service) { s.ControlGroup = "/system.slice/pool.serv" }), []owner.Process{child},
			refused("a restart of pool.service would not end pid 4001, which is not in its cgroup")},

		{"what an earlier run has left", state("inactive"), []owner.Process{child},
			refused("pool.service does not run: what has the port is left over from an earlier run, and a restart would not end it")},
		{"what a failed run has left", state("failed"), []owner.Process{child},
			refused("pool.service does not run: what has the port is left over from an earlier run, and a restart would not end it")},
		{"being stopped", state("deactivating"), []owner.Process{main}, refused("pool.service is being stopped, and a restart would start it again")},
		{"being started", state("activating"), []owner.Process{main}, Decision{}},
		{"frozen", as(func(s *Service) { s.Frozen = true }), []owner.Process{main},
			refused("pool.service is frozen: systemctl thaw comes first (systemd 257 refuses to restart it)")},
		{"masked", load("masked"), []owner.Process{main}, refused("pool.service would not start again: systemd says that it is masked")},
		{"its file is gone", load("not-found"), []owner.Process{main}, refused("pool.service would not start again: systemd says that it is not-found")},
		{"its file is broken", load("bad-setting"), []owner.Process{main}, refused("pool.service would not start again: systemd says that it is bad-setting")},
		{"RefuseManualStart=", as(func(s *Service) { s.RefuseManualStart = true }), []owner.Process{main},
			refused("pool.service is not restarted by hand (RefuseManualStart=, RefuseManualStop=)")},
		{"RefuseManualStop=", as(func(s *Service) { s.RefuseManualStop = true }), []owner.Process{main},
			refused("pool.service is not restarted by hand (RefuseManualStart=, RefuseManualStop=)")},

		{"others go along", with("web.service"), []owner.Process{main}, Decision{}},
		{"portguard's own service goes along", with("web.service", "order.service"), []owner.Process{main},
			refused("a restart of pool.service takes order.service along, which portguard itself runs in (Requires=, BindsTo= or PartOf=)")},
		{"no systemd", Service{Err: systemd.Absent}, []owner.Process{main},
			refused("what a restart of pool.service would do cannot be asked: systemd does not run here")},
		{"systemd may not be asked", Service{Err: fs.ErrPermission}, []owner.Process{main}, Decision{
			Result: NotPermitted, Why: "what a restart of pool.service would do cannot be asked: permission denied"}},
		{"systemd was not asked", Service{}, []owner.Process{main}, refused("what a restart of pool.service would do is not known")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := Judge{OwnUnit: "order.service", Services: map[string]Service{"pool.service": tt.service}}
			h := netdiag.Holder{Kind: netdiag.Client, Owners: tt.owners}
			if diff := cmp.Diff(tt.want, j.Decide(RestartUnit, tcp(30010), &h)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}

	t.Run("the service that portguard runs in", func(t *testing.T) {
		j := Judge{OwnUnit: "pool.service", Services: map[string]Service{"pool.service": {Service: running}}}
		h := netdiag.Holder{Kind: netdiag.Client, Owners: []owner.Process{main}}
		want := refused("pool.service is the service that portguard itself runs in")
		if diff := cmp.Diff(want, j.Decide(RestartUnit, tcp(30010), &h)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}
