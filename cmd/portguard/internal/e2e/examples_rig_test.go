package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"portguard/internal/needs"
	"portguard/systemd/rigtest"
)

// exampleRig is a system with service managers beside systemd, and a service at /srv/web that listens on examplePort.
type exampleRig struct{ unitRig }

const examplePort = 8080

// Each example runs under its real service manager: the service starts beside a connection that has its port, and is stopped as
// soon as without portguard.
func TestExamplesOfServiceManagers(t *testing.T) {
	t.Parallel() // a system of its own
	for _, p := range [][2]string{{"runsv", "runit"}, {"s6-supervise", "s6"}, {"supervisord", "supervisor"}, {"monit", "monit"},
		{"/usr/sbin/rc-service", "openrc"}, {"cron", "cron"}, {"atd", "at"}, {"foreman", "ruby-foreman"}, {"npm", "npm"}} {
		needs.Program(t, p[0], p[1])
	}
	r := exampleRig{unitRig{rigtest.Boot(t, "")}}
	r.Install(t, binary(t), "/usr/bin/portguard")
	r.Install(t, builds.build(t, "./testdata/ladder/service"), "/srv/web")
	r.Install(t, builds.build(t, "./testdata/unit/pool"), "/usr/local/bin/pool")
	r.Unit(t, "pool.service", "[Service]\nType=exec\nExecStart=/usr/local/bin/pool\n")
	r.Shell(t, "ip link set lo up; systemctl daemon-reload")

	const supervised = "systemd-run --quiet --collect --unit=manager "
	const openrc = "mkdir -p /run/openrc/{exclusive,started,starting,inactive,wasinactive,stopping,failed,hotplugged,daemons,options,scheduled,tmp}; touch /run/openrc/softlevel"
	for _, m := range []struct{ name, file, to, manager, start, stop string }{
		{"runit", "runit/run", "/etc/sv/web/run", "touch /etc/sv/web/down; " + supervised + "runsv /etc/sv/web; " + await("SVDIR=/etc/sv sv status web | grep ^down"),
			"SVDIR=/etc/sv sv start web", "SVDIR=/etc/sv sv stop web"},
		{"s6", "s6/run", "/etc/s6/web/run", "touch /etc/s6/web/down; " + supervised + "s6-supervise /etc/s6/web; " + await("s6-svok /etc/s6/web"),
			"s6-svc -u /etc/s6/web", "s6-svc -wd -d /etc/s6/web"},
		{"supervisor", "supervisor/web.conf", "/etc/supervisor/conf.d/web.conf",
			supervised + "supervisord -n -c /etc/supervisor/supervisord.conf",
			"true", "supervisorctl stop web"}, // it starts what it is told of
		{"OpenRC", "openrc/web", "/etc/init.d/web", openrc, "rc-service web start", "rc-service web stop"},
		{"OpenRC, start-stop-daemon", "openrc/web-background", "/etc/init.d/web-background", openrc, "rc-service web-background start", "rc-service web-background stop"},
		{"monit", "monit/web", "/etc/monit/conf-enabled/web",
			`printf 'set daemon 1\nset httpd unixsocket /run/monit.sock\n  allow localhost\ninclude /etc/monit/conf-enabled/*\n' >/etc/monit/monitrc; chmod 600 /etc/monit/monitrc; ` +
				supervised + "monit -I -c /etc/monit/monitrc; " + await("monit status"),
			"monit start web", "monit stop web"},
	} {
		t.Run(m.name, func(t *testing.T) {
			text := example(t, m.file)
			unguarded := withoutPortguard.ReplaceAllStringFunc(text, alone)
			if unguarded == text {
				t.Fatalf("%s does not use portguard", m.file)
			}
			s := &stops{command: strings.TrimPrefix(m.stop, "SVDIR=/etc/sv ")}
			for i := 0; !s.enough(); i++ {
				guarded := i%2 == 1
				if guarded {
					r.put(t, m.to, text)
					r.steal(t, "pool", examplePort)
				} else {
					r.put(t, m.to, unguarded)
				}
				r.Shell(t, m.manager)
				r.Shell(t, "timeout 30 sh -c '"+m.start+"'")
				r.listens(t, true)
				if *rigLong { // a manager that looks once a second is met at any time of it
					time.Sleep(time.Duration(i/2) * 220 * time.Millisecond)
				}
				begin := time.Now()
				r.Shell(t, "timeout 30 sh -c '"+m.stop+"'")
				r.listens(t, false)
				s.add(guarded, time.Since(begin))
				if guarded {
					r.Shell(t, fmt.Sprintf("ss -Htn sport = :%d | grep ESTAB >/dev/null; systemctl stop pool", examplePort))
				}
				r.Shell(t, "systemctl stop manager 2>/dev/null || true", await("[ $(systemctl show -P LoadState manager) = not-found ]"))
			}
			s.check(t)
			stopTable(t, s)
		})
	}
	t.Run("cron", r.testCron)
	t.Run("at", r.testAt)
	t.Run("ssh", r.testDeploy)
	t.Run("foreman", r.testForeman)
	t.Run("node", r.testNode)
}

// withoutPortguard matches portguard's part of a command: on one line, or on the two of OpenRC.
var withoutPortguard = regexp.MustCompile(`/usr/bin/portguard .*-- |command=/usr/bin/portguard\ncommand_args=".*-- (\S+) `)

// alone is what stands there without portguard.
func alone(part string) string {
	if program := withoutPortguard.FindStringSubmatch(part)[1]; program != "" {
		return "command=" + program + "\ncommand_args=\""
	}
	return ""
}

// put writes a file that may be run.
func (r unitRig) put(t *testing.T, to, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.Dir, "file"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	r.Shell(t, "install -D -m 755 /rig/file "+to)
}

// await is a line of a shell that waits until a condition is true, and fails when it never is.
func await(condition string) string {
	return "for i in $(seq 400); do " + condition + " >/dev/null 2>&1 && break; sleep .05; done; " + condition + " >/dev/null"
}

// listens waits until the service does, or no longer does.
func (r exampleRig) listens(t *testing.T, want bool) {
	t.Helper()
	condition := fmt.Sprintf("ss -Htln sport = :%d | grep . >/dev/null", examplePort)
	if !want {
		condition = "! " + condition
	}
	r.Shell(t, await(condition))
}

// testCron: nobody supervises what cron has started but portguard itself.
func (r exampleRig) testCron(t *testing.T) {
	r.put(t, "/etc/cron.d/web", example(t, "cron/web"))
	r.Shell(t, "chmod 644 /etc/cron.d/web; systemctl start cron")
	r.supervised(t, "nobody")
	r.Shell(t, "systemctl stop cron")
}

// testAt is the same, for at.
func (r exampleRig) testAt(t *testing.T) {
	r.put(t, "/tmp/web", example(t, "at/web"))
	r.Shell(t, "systemctl start atd; cd /tmp; at -f web now 2>&1")
	r.supervised(t, "root")
	r.Shell(t, "systemctl stop atd")
}

// supervised ends the service hard, and then for good: portguard is its only supervisor.
func (r exampleRig) supervised(t *testing.T, user string) {
	t.Helper()
	r.listens(t, true)
	r.Shell(t, "old=$(pidof web); kill -9 $old; for i in $(seq 500); do new=$(pidof web) && [ $new != $old ] && exit 0; sleep .02; done; exit 1")
	r.listens(t, true)
	r.Shell(t, "[ $(stat -c %U /proc/$(pidof web)) = "+user+" ]; kill $(pidof portguard)")
	r.listens(t, false)
}

// testForeman: it gives the port, and ends all of its processes when it is asked to end.
func (r exampleRig) testForeman(t *testing.T) {
	r.Shell(t, "mkdir -p /srv/app")
	r.put(t, "/srv/app/Procfile", example(t, "foreman/Procfile"))
	r.beside(t, "foreman start -p 8080")
	r.put(t, "/srv/app/Procfile", strings.ReplaceAll(example(t, "foreman/Procfile"), " --wait forever", ""))
	r.fails(t, "foreman start -p 8080")
}

// testDeploy runs what ssh would, twice: the second server takes over from the first.
func (r exampleRig) testDeploy(t *testing.T) {
	r.put(t, "/tmp/deploy.sh", example(t, "ssh/deploy.sh"))
	r.put(t, "/usr/local/bin/ssh", "#!/bin/sh\nexec setsid -w sh -c \"$2\"\n")
	r.Shell(t, "cd /tmp; ./deploy.sh host")
	r.listens(t, true)
	r.Shell(t, "cd /tmp; old=$(pidof web); ./deploy.sh host; for i in $(seq 500); do new=$(pidof web) && [ $new != $old ] && exit 0; sleep .02; done; cat web.log; exit 1")
	r.listens(t, true)
	r.Shell(t, "kill $(pidof web)")
	r.listens(t, false)
}
