package e2e

import (
	"strings"
	"testing"
)

// To install what is installed writes nothing and reloads nothing, and says so; anything that is not as asked is put right.
func (r unitRig) testInstalledAgain(t *testing.T) {
	const file = "/etc/systemd/system/again.service.d/zz-portguard.conf"
	r.Unit(t, "again.service", "[Service]\nType=exec\nFileDescriptorStoreMax=2\nExecStart=/bin/sleep 1000\n")
	r.Shell(t, "systemctl daemon-reload; systemctl start again") // one that does not run is loaded anew whenever it is asked for
	state := func() string {
		return r.Shell(t, "stat -c '%i %y' "+file+"; journalctl --sync; journalctl -b -o cat _PID=1 | grep -c ^Reloading")
	}
	pre := "unit install again -p 30050 --close --only exe=/a%b"
	wrapper := pre + " --as wrapper --hold fdstore"
	for _, tt := range []struct{ name, before, install, says string }{
		{"at first", "true", pre, "wrote " + file},
		{"as it is", "true", pre, "unchanged " + file},
		{"in another form", "true", wrapper, "wrote " + file},
		{"in that form", "true", wrapper, "unchanged " + file},
		{"edited by hand", "echo '#' >>" + file + "; systemctl daemon-reload", wrapper, "wrote " + file},
		{"put back, and not loaded", "cp " + file + " /tmp/x; portguard unit remove again >/dev/null; install -Dm644 /tmp/x " + file, wrapper, "wrote " + file},
		{"the service's own file is newer", "touch /etc/systemd/system/again.service", wrapper, "wrote " + file},
		{"as it is by now", "true", wrapper, "unchanged " + file},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.Shell(t, tt.before)
			unchanged := strings.HasPrefix(tt.says, "unchanged")
			before := ""
			if unchanged {
				before = state()
			}
			if out := r.succeeds(t, strings.Fields(tt.install)...); !strings.HasPrefix(out, tt.says+"\n") {
				t.Errorf("it says %q, want %q", out, tt.says)
			}
			if unchanged && state() != before {
				t.Errorf("inode, time and reloads were %s, and are %s", before, state())
			}
		})
	}
	r.succeeds(t, "unit", "remove", "again")
	r.Shell(t, "systemctl stop again")
}
