package decide

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/owner"
)

// Whose connection it is, and what each rung may do about it. Nobody who is protected is ended or cut off; what he has open may
// be shared, which he does not notice.
func TestWhomTheRungsMayTouch(t *testing.T) {
	const ofUser = "/user.slice/user-1000.slice/user@1000.service"
	ours := owner.Program{Device: 1, Inode: 100}
	judge := Judge{
		Policy:    Policy{KillListeners: true},
		Protected: map[int]string{1: "the init process", 70: "portguard itself", 60: "a process that portguard runs in"},
		Program:   ours,
		OwnUnit:   "order.service",
		Services:  thatRun("pool.service"),
	}
	java := owner.Process{PID: 4000, Exe: "/usr/bin/java", Program: owner.Program{Device: 1, Inode: 200}, Cgroup: "/system.slice/pool.service"}
	userJava := java
	userJava.Cgroup = ofUser + "/app.slice/pool.service"
	with := func(pid int, exe string, program owner.Program, cgroup string) owner.Process {
		return owner.Process{PID: pid, Exe: exe, Program: program, Cgroup: cgroup, User: "ann", Command: "x"}
	}
	systemdUser := with(900, "/usr/lib/systemd/systemd", owner.Program{Device: 1, Inode: 300}, ofUser+"/init.scope")
	other := owner.Program{Device: 1, Inode: 999}

	for _, tt := range []struct {
		name    string
		owners  []owner.Process
		madeIn  string // the cgroup that the socket was made in
		refused string // by every rung but share; "" by none
		instead string
	}{
		{"a program", []owner.Process{java}, "", "", ""},
		{"pid 1, for a socket unit", []owner.Process{with(1, "/usr/lib/systemd/systemd", other, "/init.scope")}, "/system.slice/knxd.socket",
			"pid 1 is the init process and is never touched", "systemctl stop knxd.socket"},
		{"pid 1, for the service that portguard starts", []owner.Process{with(1, "/usr/lib/systemd/systemd", other, "/init.scope")},
			"/system.slice/order.service", "pid 1 is the init process and is never touched", ""},
		{"pid 1 of a container, which is no service manager", []owner.Process{with(1, "/usr/bin/tini", other, "/")}, "/system.slice/knxd.socket",
			"pid 1 is the init process and is never touched", ""},
		{"a user's service, whose manager stores the connection", []owner.Process{systemdUser, userJava}, ofUser + "/app.slice/pool.service",
			"pid 900 is a service manager and is never touched", "systemctl --user -M ann@ stop pool.service"},
		{"a user's manager, for a socket unit", []owner.Process{systemdUser}, ofUser + "/app.slice/st.socket",
			"pid 900 is a service manager and is never touched", "systemctl --user -M ann@ stop st.socket"},
		{"systemd in a container", []owner.Process{with(901, "/lib/systemd/systemd", other, "/docker/0123/init.scope")}, "/docker/0123/init.scope",
			"pid 901 is a service manager and is never touched", ""},
		{"portguard itself", []owner.Process{with(70, "/usr/bin/portguard", ours, "/system.slice/order.service")}, "",
			"pid 70 is portguard itself and is never touched", ""},
		{"an ancestor", []owner.Process{with(60, "/usr/bin/sshd", other, "/user.slice/user-0.slice/session-3.scope")}, "",
			"pid 60 is a process that portguard runs in and is never touched", ""},
		{"another portguard", []owner.Process{with(5000, "/usr/bin/portguard", ours, "/system.slice/pool.service")}, "",
			"pid 5000 is another portguard and is never touched", ""},
		{"another portguard beside the program that it is about to end", []owner.Process{java, with(5000, "/usr/bin/portguard", ours, "/")}, "",
			"pid 5000 is another portguard and is never touched", ""},
		{"another portguard by another name", []owner.Process{with(5000, "/opt/pg", ours, "/")}, "",
			"pid 5000 is another portguard and is never touched", ""},
		{"a portguard of before the upgrade", []owner.Process{{PID: 5000, Exe: "/usr/bin/portguard", Deleted: true, Program: other}}, "",
			"pid 5000 is another portguard and is never touched", ""},
		{"a portguard of a container's", []owner.Process{with(5000, "/app/portguard", other, "/docker/0123")}, "",
			"pid 5000 is another portguard and is never touched", ""},
		{"a portguard whose program cannot be read", []owner.Process{{PID: 5000, Command: "portguard"}}, "",
			"pid 5000 is another portguard and is never touched", ""},
		{"what has a name like it", []owner.Process{with(5000, "/usr/bin/portguard-exporter", other, "/system.slice/pool.service")}, "", "", ""},
		{"what calls itself so", []owner.Process{{PID: 5000, Command: "portguard", Exe: "/usr/bin/java", Cgroup: "/system.slice/pool.service"}}, "", "", ""},
	} {
		for _, kind := range []netdiag.Kind{netdiag.Client, netdiag.Bound, netdiag.Listener} {
			t.Run(tt.name+"/"+kind.String(), func(t *testing.T) {
				h := netdiag.Holder{Kind: kind, Owners: tt.owners, Cgroup: tt.madeIn}
				want := Decision{}
				if tt.refused != "" {
					want = Decision{NotPossible, tt.refused, tt.instead}
				}
				for _, r := range []Rung{Close, Kill, RestartUnit} {
					if diff := cmp.Diff(want, judge.Decide(r, tcp(30010), &h)); diff != "" {
						t.Errorf("%s (-want +got)\n%s", r, diff)
					}
				}
				if d := judge.Decide(Share, tcp(30010), &h); d.GoAhead() != (kind != netdiag.Listener) {
					t.Errorf("share: %+v", d)
				}
			})
		}
	}
}

// Where /proc is another's, no number is anybody's: not even what harms nobody is done.
func TestNobodyIsTouchedInTheDark(t *testing.T) {
	judge := Judge{Policy: Policy{KillListeners: true}, Blind: owner.ErrForeign}
	for _, h := range []netdiag.Holder{
		{Kind: netdiag.Client, Owners: []owner.Process{{PID: 4000}}},
		{Kind: netdiag.Remains, Absence: netdiag.Ownerless},
	} {
		for _, r := range []Rung{Share, Close, RestartUnit, Kill} {
			if d := judge.Decide(r, tcp(30010), &h); d.Result != NotPossible {
				t.Errorf("%s of a %s: %+v", r, h.Kind, d)
			}
		}
	}
}
