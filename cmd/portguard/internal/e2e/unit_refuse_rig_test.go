package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What cannot work is refused, with the reason, and nothing is written.
func (r unitRig) testRefusals(t *testing.T) {
	unit := func(name, text string) { r.Unit(t, name, text) }
	unit("quiet.service", "[Service]\nType=exec\nExecStart=/bin/sleep 1000\n")
	unit("many.service", "[Service]\nType=oneshot\nExecStart=/bin/true\nExecStart=/bin/true\n")
	unit("bad.service", "[Service]\nExecStart=relative/path\n")
	unit("nothing.service", "[Service]\nType=oneshot\nExecStop=/bin/true\nRemainAfterExit=yes\n")
	unit("web.socket", "[Socket]\nListenStream=30040\nListenStream=/run/web\n")
	unit("web.service", "[Service]\nType=exec\nExecStart=/bin/sleep 1000\n")
	unit("root.service", "[Service]\nRootDirectory=/srv\nExecStart=/bin/true\n")
	unit("daemon.service", "[Service]\nUser=daemon\nExecStart=/bin/true\n")
	unit("home.service", "[Service]\nProtectHome=yes\nExecStart=/bin/true\n")
	unit("hand.service", "[Service]\nExecStart=/usr/local/bin/portguard -p 1 -- /bin/true\n")
	unit("late.service", "[Service]\nType=exec\nExecStart=/bin/sleep 1000\n")
	unit("late.service.d/zzz.conf", "[Service]\nExecStart=\nExecStart=/bin/sleep 999\n")
	unit("foreign.service", "[Service]\nExecStart=/bin/true\n")
	unit("foreign.service.d/zz-portguard.conf", "[Service]\n")
	unit("timeout.service", "[Service]\nTimeoutStartSec=5\nExecStart=/bin/true\n")
	unit("searched.service", "[Service]\nExecStart=sleep 1000\n")
	unit("content.service", "[Service]\nSuccessExitStatus=TEMPFAIL 69\nExecStart=/bin/true\n")
	unit("restarting.service", "[Service]\nRestart=always\nExecStart=/bin/true\n")
	unit("plain@.service", "[Service]\nExecStart=/bin/echo %i\n")
	r.Shell(t,
		"ln -sf /dev/null /etc/systemd/system/masked.service",
		"ln -sf quiet.service /etc/systemd/system/alias.service",
		"systemctl daemon-reload; systemctl start quiet web.socket web.service",
		"systemd-run --quiet --unit=transient --service-type=exec sleep 1000",
		"install -D /usr/local/bin/portguard /root/portguard")
	before := r.settings(t)
	for _, tt := range []struct {
		name   string
		args   string
		status int
		says   string
	}{
		{"no such unit", "install none -p 1", 64, "there is no none.service"},
		{"masked", "install masked -p 1", 64, "systemctl unmask masked.service"},
		{"a unit with mistakes", "install bad -p 1", 64, "systemd-analyze verify bad.service"},
		{"no command", "install nothing -p 1", 64, "it starts nothing"},
		{"not a service", "install web.socket -p 1", 64, "is no service"},
		{"a template", "install plain@ -p 1", 64, "name an instance"},
		{"without a file", "install transient -p 1", 64, "made for this one run"},
		{"a port that is systemd's", "install web -p 30040", 64, "web.socket"},
		{"several commands", "install many --as wrapper -p 1", 64, "2 ExecStart= commands"},
		{"portguard by hand", "install hand --as wrapper -p 1", 64, "in its own ExecStart= already"},
		{"listens on nothing", "install quiet", 64, "listens on no planned TCP port"},
		{"does not run", "install late", 64, "does not run"},
		{"a root directory without portguard", "install root -p 1", 64, "root directory in /srv"},
		{"a program that systemd looks for", "install searched --as wrapper -p 1", 64, "looks for sleep of ExecStart= in its own search path"},
		{"the same, where nothing changes", "install searched -p 1 --dry-run", 0, "ExecStartPre=+"},
		{"a service that would meet its start limit", "install restarting -p 1 --dry-run", 0, "(StartLimitBurst=5 in 10s)"},
		{"a service to which a failed guard is a success", "install content -p 1 --dry-run", 0, "SuccessExitStatus= of content.service has 69, 75,"},
		{"a drop-in that comes after ours", "install late --as wrapper -p 1", 71, "does not come into force"},
		{"a file of our name", "install foreign -p 1", 71, "not written by portguard"},
		{"a file of our name, to be removed", "remove foreign", 71, "not written by portguard"},
		{"hold without a command", "install quiet -p 1 --hold exec", 64, "--as wrapper"},
		{"a form that is none", "install quiet -p 1 --as prefix", 64, "neither pre nor wrapper"},
		{"flags that contradict each other", "install quiet -p 1 --signal HUP", 64, "--kill"},
		{"an endpoint that is none", "install quiet -p 70000", 64, "above 65535"},
		{"UDP in the fd store", "install quiet --as wrapper --hold fdstore -p 1/udp", 64, "holds TCP ports"},
		{"two units", "install quiet late -p 1", 64, "one UNIT, not 2"},
		{"nothing to do", "", 64, "install, show or remove"},
		{"show of none", "show quiet", 0, "quiet.service is not guarded\n"},
		{"show of no unit", "show nosuch", 0, "nosuch.service is not guarded: there is no such unit\n"},
		{"dry run", "install plain@7 --share -p 1 --dry-run", 0, "ExecStartPre=+/usr/local/bin/portguard -p 1 --share\n"},
		{"a wait that systemd would end", "install timeout -p 1 --wait 1m --dry-run", 0, "TimeoutStartSec= of timeout.service (5s)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, status := r.portguard(t, append([]string{"unit"}, strings.Fields(tt.args)...)...)
			if status != tt.status || !strings.Contains(out, tt.says) {
				t.Errorf("status %d, want %d and %q\n%s", status, tt.status, tt.says, out)
			}
		})
	}
	const gone = "cd /etc/systemd/system; printf '[Service]\\nExecStart=/bin/true\\n' >gone.service; systemctl daemon-reload; " +
		"portguard unit install gone -p 40002 >/dev/null; rm gone.service; systemctl daemon-reload; "
	const broken = "portguard unit install quiet -p 40001 >/dev/null; cd /etc/systemd/system/quiet.service.d; printf '[Service]\\nExecStartPre=\\nExecStart=\\n' >zzz.conf; systemctl daemon-reload; "
	const mended = "; rm zzz.conf; systemctl daemon-reload; portguard unit remove quiet"
	for name, tt := range map[string]struct {
		script, says string
		status       int
	}{
		"not root": {"setpriv --reuid 65534 --regid 65534 --clear-groups portguard unit install quiet -p 1 --share",
			"hint: sudo portguard unit install quiet.service -p 1 --share --as pre", 77},
		"not root, to be removed": {"portguard unit install quiet -p 1 >/dev/null; " +
			"setpriv --reuid 65534 --regid 65534 --clear-groups portguard unit remove quiet; s=$?; portguard unit remove quiet; exit $s",
			"hint: sudo portguard unit remove quiet.service", 77},
		"shown by an alias":   {"portguard unit install alias -p 1 >/dev/null; portguard unit show alias; portguard unit remove quiet >/dev/null", "quiet.service  pre   1/tcp", 0},
		"removed by an alias": {"portguard unit install quiet -p 1 >/dev/null; portguard unit remove alias", "removed /etc/systemd/system/quiet.service.d/", 0},
		"removed by an alias, without systemd": {"portguard unit install quiet -p 1 >/dev/null; unshare -m sh -c 'mount -t tmpfs none /run && portguard unit remove alias'",
			"removed /etc/systemd/system/quiet.service.d/", 0},
		"a line that a later drop-in takes away": {"portguard unit install quiet -p 1 >/dev/null; cd /etc/systemd/system/quiet.service.d; printf '[Service]\\nExecStartPre=\\n' >zzz.conf; " +
			"systemctl daemon-reload; portguard unit show quiet; rm zzz.conf; systemctl daemon-reload; portguard unit show quiet; portguard unit remove quiet",
			"quiet.service  pre, not in force  1/tcp     no        \nUNIT           FORM  ENDPOINT  RESERVED  FLAGS\nquiet.service  pre   1/tcp", 0},
		"the same, audited": {"portguard unit install quiet -p 40001 >/dev/null; cd /etc/systemd/system/quiet.service.d; printf '[Service]\\nExecStartPre=\\n' >zzz.conf; " +
			"systemctl daemon-reload; portguard audit --sample 10ms >/tmp/audit; rm zzz.conf; systemctl daemon-reload; portguard unit remove quiet; cat /tmp/audit; ! grep -q 'guarded for' /tmp/audit",
			"quiet.service is not guarded, though it was to be: portguard unit show quiet.service\n", 0},
		"a drop-in of its name that comes before": {"portguard unit install quiet -p 1 --as wrapper >/dev/null; cd /etc/systemd; mkdir -p system.control/quiet.service.d; " +
			"ln -s /dev/null system.control/quiet.service.d/zz-portguard.conf; systemctl daemon-reload; portguard unit show quiet; rm -r system.control; systemctl daemon-reload; portguard unit remove quiet",
			"wrapper, not in force", 0},
		"a drop-in whose unit is gone": {gone + "portguard unit show gone; portguard unit show --json gone | grep -o '\"in_force.*\"'; portguard unit remove gone",
			"gone.service  pre, no such unit  40002/tcp  no        \n\"in_force\":false,\"load_state\":\"not-found\"\nremoved", 0},
		"the same gone, audited": {gone + "portguard audit --sample 10ms >/tmp/audit; portguard unit remove gone; cat /tmp/audit; ! grep -q 40002 /tmp/audit",
			"there is no gone.service any more, only its guard: portguard unit remove gone.service\n", 0},
		"a drop-in of a unit that was masked since": {gone + "cd /etc/systemd/system; ln -s /dev/null gone.service; systemctl daemon-reload; portguard unit show gone; rm gone.service; portguard unit remove gone",
			"gone.service  pre, masked  40002/tcp", 0},
		"a drop-in of a unit that systemd does not load": {broken + "portguard unit show quiet; portguard unit show --json quiet | grep -o '\"in_force.*\"'" + mended,
			"quiet.service  pre, systemd does not load it  40001/tcp  no        \n\"in_force\":false,\"load_state\":\"bad-setting\"\nremoved", 0},
		"the same not loaded, audited": {broken + "portguard audit --sample 10ms >/tmp/audit" + mended + "; cat /tmp/audit; ! grep -q 'is not guarded' /tmp/audit",
			"guarded for quiet.service", 0},
		"a drop-in that systemd has not read": {"cd /etc/systemd/system; systemctl daemon-reload; mkdir -p quiet.service.d; portguard unit install quiet -p 1 --dry-run | sed 1d >quiet.service.d/zz-portguard.conf; " +
			"portguard unit show quiet; systemctl daemon-reload; portguard unit show --json quiet; portguard unit remove quiet; rmdir quiet.service.d", "pre, not in force", 0},
		"a read-only /etc":                        {"unshare -m sh -c 'mount --bind -o ro /etc /etc && portguard unit install quiet -p 1'", "read-only file system", 71},
		"a home that it cannot see":               {"/root/portguard unit install home -p 1 --as wrapper", "ProtectHome=yes", 64},
		"a directory that its user may not enter": {"/root/portguard unit install daemon -p 1 --as wrapper", "runs as user daemon, who may not execute /root/portguard", 64},
		"the same, as root":                       {"/root/portguard unit install daemon -p 1 --dry-run", "ExecStartPre=+/root/portguard -p 1", 0},
		"a place that does not last":              {"/root/portguard unit install home -p 1 --dry-run", "note: /root/portguard is not a place that lasts", 0},
		"a file that no package takes away":       {"portguard unit install quiet -p 1 --dry-run", "note: quiet.service does not start without /usr/local/bin/portguard from now on", 0},
		"no systemd":                              {"unshare -m sh -c 'mount -t tmpfs none /run && portguard unit install quiet -p 1'", "systemd does not run here", 71},
	} {
		t.Run(name, func(t *testing.T) {
			out, status, err := r.Run("sh", "-c", tt.script)
			if err != nil || status != tt.status || !strings.Contains(out, tt.says) {
				t.Errorf("status %d, %v, want %d and %q\n%s", status, err, tt.status, tt.says, out)
			}
		})
	}
	if diff := cmp.Diff(before, r.settings(t)); diff != "" {
		t.Errorf("what refusals leave behind (-before +after)\n%s", diff)
	}
}
