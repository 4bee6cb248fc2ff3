package install

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/systemd"
	"portguard/systemd/dropin"
	"portguard/systemd/unitfile"
)

// asked is an installation with these flags.
func asked(t *testing.T, as string, given ...string) installation {
	t.Helper()
	o := &flags.Guarded{}
	in := installation{name: "order.service", options: o, flags: o.Set()}
	if err := in.flags.Parse(given); err != nil {
		t.Fatal(err)
	}
	if err := in.check(as, in.ready != ""); err != nil {
		t.Fatal(err)
	}
	in.portguard = "/usr/bin/portguard"
	return in
}

func TestPlan(t *testing.T) {
	const own = "[Service]\nExecStart=-/usr/bin/java -jar 'my app.jar' $OPTS %i\n"
	for _, tt := range []struct {
		name  string
		as    string
		flags []string
		svc   systemd.Service
		unit  string
		want  dropin.DropIn
		notes []string
	}{
		{
			"flags in the order of --help, whatever theirs was", "pre",
			[]string{"--wait", "30s", "--share", "-p", "30010,30011/udp", "-p", "127.0.0.1:80"}, systemd.Service{}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 30010,30011/udp -p 127.0.0.1:80 --share --wait 30s"}, nil,
		},
		{
			"what systemd would expand is doubled, what it would split is quoted", "pre",
			[]string{"--kill", "--only", `exe=/opt/100% $x "y"`, "-p", "1"}, systemd.Service{}, own,
			dropin.DropIn{Pre: `+/usr/bin/portguard -p 1 --kill --only "exe=/opt/100%% $$x \"y\""`}, nil,
		},
		{
			"a flag that says no is none", "pre", []string{"--share=false", "--close", "-p", "1"}, systemd.Service{}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1 --close"}, nil,
		},
		{
			"what the service's socket is like", "pre", []string{"--freebind", "--reuseaddr", "yes", "-p", "192.0.2.1:80"}, systemd.Service{}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 192.0.2.1:80 --reuseaddr yes --freebind"}, nil,
		},
		{
			"an interface is no specifier", "pre", []string{"-p", "0.0.0.0%eth0:67/udp"}, systemd.Service{}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 0.0.0.0%%eth0:67/udp"}, nil,
		},
		{
			"SO_REUSEPORT is judged as the unit's user", "pre", []string{"--share", "--reuseport", "-p", "1"}, systemd.Service{User: "daemon"}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1 --reuseport --share --as-user ${USER}"}, nil,
		},
		{
			"the same, as it is shown", "pre", []string{"--as-user", "${USER}", "--reuseport", "-p", "1"}, systemd.Service{User: "daemon"}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1 --reuseport --as-user ${USER}"}, nil,
		},
		{
			"as a user of systemd's making", "pre", []string{"--reuseport", "-p", "1"}, systemd.Service{User: "order", DynamicUser: true}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1 --reuseport --as-user ${USER}"}, nil,
		},
		{
			"a user who was given", "pre", []string{"--reuseport", "--as-user", "4321", "-p", "1"}, systemd.Service{User: "daemon"}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1 --reuseport --as-user 4321"}, nil,
		},
		{
			"root is who judges", "pre", []string{"--reuseport", "-p", "1"}, systemd.Service{User: "root"}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1 --reuseport"}, nil,
		},
		{
			"by number, where names are others", "pre", []string{"--reuseport", "-p", "1"}, systemd.Service{User: "daemon", Sandbox: systemd.Sandbox{RootDirectory: "/srv/root"}}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1 --reuseport --as-user 1"}, nil,
		},
		{
			"the wrapper is the unit's user", "wrapper", []string{"--reuseport", "-p", "1"}, systemd.Service{User: "daemon"}, own,
			dropin.DropIn{Exec: "-/usr/bin/portguard -p 1 --reuseport -- /usr/bin/java -jar 'my app.jar' $OPTS %i", SyslogIdentifier: "java"},
			[]string{"portguard has the rights of user daemon; --as pre gives it root's"},
		},
		{
			"a wait that systemd would end", "pre", []string{"--wait", "2m", "-p", "1"}, systemd.Service{TimeoutStart: 90 * time.Second, NotifyAccess: "main"}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1 --wait 2m"},
			[]string{"TimeoutStartSec= of order.service (1m30s) ends a longer wait: raise it, or let portguard ask for more time by NotifyAccess=exec"},
		},
		{
			"a wait that may ask for more time", "pre", []string{"--wait", "2m", "-p", "1"}, systemd.Service{TimeoutStart: 90 * time.Second, NotifyAccess: "all"}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1 --wait 2m"}, nil,
		},
		{
			"starts that fail too fast", "pre", []string{"-p", "1"},
			systemd.Service{Restart: "on-failure", RestartDelay: 100 * time.Millisecond, StartLimit: systemd.StartLimit{Burst: 5, Interval: 10 * time.Second}}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1"},
			[]string{"Restart=on-failure of order.service without --wait meets its start limit (StartLimitBurst=5 in 10s) while the port is taken, and then it stays down; --wait 30s waits instead"},
		},
		{
			"statuses of a guard's that are a success", "pre", []string{"-p", "1"}, systemd.Service{SuccessStatuses: []int{69, 75, 143}}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1"},
			[]string{"SuccessExitStatus= of order.service has 69, 75, with which portguard ends when it does not get a port: the service then is started all the same"},
		},
		{
			"the same of the wrapper", "wrapper", []string{"-p", "1"}, systemd.Service{SuccessStatuses: []int{75}}, "[Service]\nExecStart=/a\n",
			dropin.DropIn{Exec: "/usr/bin/portguard -p 1 -- /a", SyslogIdentifier: "a"},
			[]string{"SuccessExitStatus= of order.service has 75, with which portguard ends when it does not get a port: the service then ends without having failed, and Restart=on-failure does not start it again"},
		},
		{
			"a status that is not a guard's", "pre", []string{"-p", "1"}, systemd.Service{SuccessStatuses: []int{1, 143}}, own,
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1"}, nil,
		},
		{
			"a wait of a service that forks", "wrapper", []string{"--wait", "5m", "-p", "1"},
			systemd.Service{Type: "forking", TimeoutStart: 90 * time.Second, NotifyAccess: "none"}, "[Service]\nExecStart=/a\n",
			dropin.DropIn{Exec: "/usr/bin/portguard -p 1 --wait 5m -- /a", SyslogIdentifier: "a"},
			[]string{"TimeoutStartSec= of order.service (1m30s) ends a longer wait: raise it, or let portguard ask for more time by NotifyAccess=exec"},
		},
		{
			"a filter that would end it when there is something to do", "wrapper", []string{"-p", "1"},
			systemd.Service{Sandbox: systemd.Sandbox{SystemCalls: systemd.CallFilter{Calls: []string{"ppoll"}}}}, "[Service]\nExecStart=/a\n",
			dropin.DropIn{Exec: "/usr/bin/portguard -p 1 -- /a", SyslogIdentifier: "a"},
			[]string{"SystemCallFilter= of order.service ends portguard when the port is taken: it lacks ppoll; --as pre needs none of it"},
		},
		{
			"a profile and a pid namespace that are portguard's as well", "wrapper", []string{"-p", "1"},
			systemd.Service{Sandbox: systemd.Sandbox{AppArmorProfile: "order", PrivatePIDs: true}}, "[Service]\nExecStart=/a\n",
			dropin.DropIn{Exec: "/usr/bin/portguard -p 1 -- /a", SyslogIdentifier: "a"},
			[]string{"AppArmorProfile=order of order.service is portguard's, too: where AppArmor is on, it has to let portguard's file be mapped (mr) and the service's own program be executed (ix, px), or no start goes through; --as pre is outside of it",
				"PrivatePIDs= of order.service hides all other processes from portguard, which then touches nobody; --as pre sees them"},
		},
		{
			"the same where only ExecStartPre= is", "pre", []string{"-p", "1"},
			systemd.Service{Sandbox: systemd.Sandbox{AppArmorProfile: "order", PrivatePIDs: true}}, "[Service]\nExecStart=/a\n",
			dropin.DropIn{Pre: "+/usr/bin/portguard -p 1"}, nil,
		},
		{
			"a type that tells whether its program can be executed", "wrapper", []string{"-p", "1"}, systemd.Service{Type: "exec"}, "[Service]\nExecStart=/a\n",
			dropin.DropIn{Exec: "/usr/bin/portguard -p 1 -- /a", SyslogIdentifier: "a"},
			[]string{"Type=exec of order.service says no longer whether its own program can be executed: its start is done with portguard's; --as pre leaves that as it is"},
		},
		{
			"the wrapper", "wrapper", []string{"-p", "30010"}, systemd.Service{User: "app"}, own,
			dropin.DropIn{Exec: "-/usr/bin/portguard -p 30010 -- /usr/bin/java -jar 'my app.jar' $OPTS %i", SyslogIdentifier: "java"},
			[]string{"portguard has the rights of user app; --as pre gives it root's"},
		},
		{
			"the wrapper's own identifier is kept", "wrapper", []string{"-p", "30010", "--hold", "none"}, systemd.Service{}, "[Service]\nExecStart=/a\nSyslogIdentifier=b\n",
			dropin.DropIn{Exec: "/usr/bin/portguard -p 30010 --hold none -- /a"}, nil,
		},
		{
			"the fd store is raised, not set", "wrapper", []string{"-p", "30010-30012,53/udp", "--hold", "fdstore"}, systemd.Service{Type: "notify"},
			"[Service]\nExecStart=/a\nFileDescriptorStoreMax=4\n",
			dropin.DropIn{Exec: "/usr/bin/portguard -p 30010-30012,53/udp --hold fdstore -- /a", SyslogIdentifier: "a", FDStoreMax: 7},
			[]string{"FileDescriptorStoreMax= goes from 4 to 7"},
		},
		{
			"access is widened where the first process is not the main one", "wrapper", []string{"-p", "1", "--hold", "fdstore"}, systemd.Service{Type: "forking"},
			"[Service]\nExecStart=/a\n",
			dropin.DropIn{Exec: "/usr/bin/portguard -p 1 --hold fdstore -- /a", SyslogIdentifier: "a", FDStoreMax: 1, NotifyAccess: "exec"},
			[]string{"FileDescriptorStoreMax= goes from 0 to 1", "NotifyAccess= goes from none to exec: the first process of a Type=forking service is not its main one"},
		},
		{
			"access that suffices is left", "wrapper", []string{"-p", "1", "--hold", "fdstore"}, systemd.Service{Type: "forking"},
			"[Service]\nExecStart=/a\nNotifyAccess=all\n",
			dropin.DropIn{Exec: "/usr/bin/portguard -p 1 --hold fdstore -- /a", SyslogIdentifier: "a", FDStoreMax: 1},
			[]string{"FileDescriptorStoreMax= goes from 0 to 1"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := asked(t, tt.as, tt.flags...)
			tt.svc.Name, tt.want.Unit = "order.service", "order.service"
			p, err := in.plan(tt.svc, [][]unitfile.Assignment{unitfile.Parse(tt.unit)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, p.dropIn); diff != "" {
				t.Errorf("drop-in (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.notes, p.notes); diff != "" {
				t.Errorf("notes (-want +got)\n%s", diff)
			}
		})
	}
}

// A guard that would judge as another than the service is none.
func TestPlanKnowsTheUser(t *testing.T) {
	for _, tt := range []struct {
		name       string
		svc        systemd.Service
		says, hint string
	}{
		{
			"of a directory service", systemd.Service{User: "none-such"},
			"order.service runs as none-such, who is not in /etc/passwd, and SO_REUSEPORT hangs on the number",
			"portguard unit install order.service -p 1 --reuseport --as pre --as-user $(id -u none-such)",
		},
		{
			"of systemd's making, elsewhere", systemd.Service{User: "order", DynamicUser: true, Sandbox: systemd.Sandbox{RootDirectory: "/srv/root"}},
			"order.service has a user of DynamicUser='s making, whose number cannot be seen in /srv/root, and SO_REUSEPORT hangs on it",
			"portguard unit install order.service -p 1 --reuseport --as wrapper",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := asked(t, "pre", "-p", "1", "--reuseport")
			tt.svc.Name = "order.service"
			_, err := in.plan(tt.svc, nil)
			if err == nil || cli.Status(err) != cli.ExitUsage || err.Error() != tt.says || cli.Hint(err) != tt.hint {
				t.Errorf("%v (%s)", err, cli.Hint(err))
			}
		})
	}
}
