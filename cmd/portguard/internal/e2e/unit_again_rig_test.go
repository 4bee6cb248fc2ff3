package e2e

import (
	"strconv"
	"strings"
	"testing"
)

// To install what is installed writes nothing and reloads nothing, and says so; anything that is not as asked is put right, by one reload
// where systemd has loaded all that is there, and by two where it has not.
func (r unitRig) testInstalledAgain(t *testing.T) {
	const file = "/etc/systemd/system/again.service.d/zz-portguard.conf"
	r.Unit(t, "again.service", "[Service]\nType=exec\nFileDescriptorStoreMax=2\nExecStart=/bin/sleep 1000\n")
	r.Shell(t, "systemctl daemon-reload; systemctl start again") // one that does not run is loaded anew whenever it is asked for
	state := func() string { return r.Shell(t, "stat -c '%i %y' "+file) }
	reloads := func() int { // before 255 systemd says nothing of who asked for it
		n, err := strconv.Atoi(strings.TrimSpace(r.Shell(t, `journalctl --sync; journalctl -b -o cat _PID=1 | grep -c '^Reloading\.'`)))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	pre := "unit install again -p 30050 --close --only exe=/a%b"
	wrapper := pre + " --as wrapper --hold fdstore"
	for _, tt := range []struct {
		name, before, install, says string
		reloads                     int
	}{
		{"at first", "true", pre, "wrote " + file, 1},
		{"as it is", "true", pre, "unchanged " + file, 0},
		{"in another form", "true", wrapper, "wrote " + file, 1},
		{"in that form", "true", wrapper, "unchanged " + file, 0},
		{"edited by hand", "echo '#' >>" + file + "; systemctl daemon-reload", wrapper, "wrote " + file, 1},
		{"put back, and not loaded", "cp " + file + " /tmp/x; portguard unit remove again >/dev/null; install -Dm644 /tmp/x " + file, wrapper, "wrote " + file, 2},
		{"the service's own file is newer", "touch /etc/systemd/system/again.service", wrapper, "wrote " + file, 2},
		{"a drop-in in a new folder, which systemd does not notice", "mkdir /run/systemd/system/again.service.d; echo >/run/systemd/system/again.service.d/a.conf", pre, "wrote " + file, 2},
		{"which it has loaded by now", "true", wrapper, "wrote " + file, 1},
		{"a unit file in the place of its own, which it does not notice either", "cd /etc/systemd; mkdir -p system.control; " +
			"sed 's/sleep 1000/sleep 2000/' system/again.service >system.control/again.service", pre, "wrote " + file, 2},
		{"that one behind portguard", "true", wrapper, "wrote " + file, 1},
		{"as it is by now", "true", wrapper, "unchanged " + file, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.Shell(t, tt.before)
			unchanged := strings.HasPrefix(tt.says, "unchanged")
			before, loaded := "", reloads()
			if unchanged {
				before = state()
			}
			if out := r.succeeds(t, strings.Fields(tt.install)...); !strings.HasPrefix(out, tt.says+"\n") {
				t.Errorf("it says %q, want %q", out, tt.says)
			}
			if unchanged && state() != before {
				t.Errorf("inode and time were %s, and are %s", before, state())
			}
			if got := reloads() - loaded; got != tt.reloads {
				t.Errorf("%d reloads, want %d", got, tt.reloads)
			}
		})
	}
	if text := r.Shell(t, "cat "+file); !strings.Contains(text, "-- /bin/sleep 2000\n") {
		t.Errorf("portguard starts the service's old command:\n%s", text)
	}
	r.succeeds(t, "unit", "remove", "again")
	r.Shell(t, "systemctl stop again; rm -r /etc/systemd/system.control /run/systemd/system/again.service.d; systemctl daemon-reload")
}
