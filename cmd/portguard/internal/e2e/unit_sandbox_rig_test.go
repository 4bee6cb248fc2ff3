package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// "is guarded" means that the next start comes through: for each setting that may hide or forbid portguard, an installation is
// refused where systemd would not get it started, or portguard could not run in front of it, and nowhere else.
func (r unitRig) testSandboxes(t *testing.T) {
	r.Install(t, binary(t), "/usr/local/sbin/static")
	r.Shell(t, "ip link set lo up",
		"for d in /srv/empty /srv/whole; do install -D /usr/local/sbin/static $d/usr/local/sbin/static; done",
		"install -D /usr/local/bin/portguard /srv/whole/usr/local/bin/portguard")
	all := []string{
		"",
		"TemporaryFileSystem=/usr/local/bin",
		"TemporaryFileSystem=/opt",
		"TemporaryFileSystem=/usr/local/bin\nBindReadOnlyPaths=/usr/local/bin/portguard",
		"TemporaryFileSystem=/usr/local/bin:ro\nBindPaths=/srv/whole/usr/local/bin:/usr/local/bin",
		"BindPaths=/dev/null:/usr/local/bin/portguard",
		"BindReadOnlyPaths=/srv/empty:/usr/local/bin",
		"InaccessiblePaths=/usr/local/bin",
		"InaccessiblePaths=-/usr/local/bin/portguard -/nothing",
		"InaccessiblePaths=/usr/local/bin\nBindReadOnlyPaths=/usr/local/bin/portguard",
		"NoExecPaths=/\nExecPaths=/usr/local/sbin",
		"NoExecPaths=/\nExecPaths=/usr/local",
		"NoExecPaths=/usr/local/bin\nExecPaths=/usr/local",
		"RootDirectory=/srv/empty",
		"RootDirectory=/srv/whole",
		"RootDirectory=/srv/empty\nRootDirectoryStartOnly=yes",
		"RootDirectory=/srv/empty\nBindReadOnlyPaths=/usr/local/bin/portguard",
		"RootDirectory=/srv/whole\nInaccessiblePaths=/usr/local/bin",
		"RootDirectory=/srv/whole\nInaccessiblePaths=+/usr/local/bin",
		"RootDirectory=/srv/whole\nTemporaryFileSystem=/usr/local/bin",
		"LimitAS=400M",
		"LimitAS=768M",
		"LimitAS=100G",
		"LimitDATA=4M",
		"LimitDATA=40M",
		"LimitDATA=48M",
		"LimitDATA=10G",
		"LimitNOFILE=5",
		"LimitNOFILE=64",
		"LimitNPROC=1\nUser=daemon",
		"LimitNPROC=1",
		"SystemCallFilter=@system-service",
		"SystemCallFilter=~madvise",
		"SystemCallFilter=~madvise\nSystemCallErrorNumber=EPERM",
		"SystemCallFilter=~clone",
		"SystemCallFilter=~clone:EPERM",
		"SystemCallFilter=@basic-io @file-system @io-event @network-io @process @signal",
		"SystemCallFilter=@basic-io @file-system @io-event @network-io @process @signal madvise",
	}
	forms := map[string]string{
		"pre":     "ExecStartPre=+/usr/local/bin/portguard -p 30010\nExecStart=%s",
		"wrapper": "ExecStart=/usr/local/bin/portguard -p 30010 -- %s",
	}
	for i, settings := range all {
		command := "/bin/true"
		if strings.Contains(settings, "/") { // one that needs nothing else of the file system
			command = "/usr/local/sbin/static version"
		}
		write := func(name, lines string) {
			r.Unit(t, fmt.Sprintf("%s-%d.service", name, i), fmt.Sprintf("[Service]\nType=oneshot\n%s\n%s\n", lines, settings))
		}
		write("boxed", "ExecStart="+command)
		for as, lines := range forms {
			write(as, fmt.Sprintf(lines, command))
		}
	}
	r.Shell(t, "systemctl daemon-reload")
	for i, settings := range all {
		if _, status, err := r.Run("systemctl", "start", fmt.Sprintf("boxed-%d", i)); status != 0 || err != nil {
			t.Errorf("%q: it does not start alone: status %d, %v", settings, status, err)
		}
		for as := range forms {
			t.Run(strings.ReplaceAll(settings, "\n", " ")+", "+as, func(t *testing.T) {
				out, status := r.portguard(t, "unit", "install", fmt.Sprintf("boxed-%d", i), "-p", "30010", "--as", as, "--dry-run")
				unit := fmt.Sprintf("%s-%d", as, i)
				_, started, err := r.Run("systemctl", "start", unit)
				guarded := started == 0 && !strings.Contains(r.Shell(t, "journalctl --sync; journalctl -o cat -u "+unit), cannotRun)
				if err != nil || (status == 0) != guarded || status != 0 && status != 64 {
					t.Errorf("install: status %d; the start: status %d, %v\n%s", status, started, err, out)
				}
			})
		}
	}
	r.Shell(t, "rm /etc/systemd/system/boxed-* /etc/systemd/system/pre-* /etc/systemd/system/wrapper-*; systemctl daemon-reload; systemctl reset-failed")
}

// A guard whose program is gone fails the start, but for one that was written with a "-", as docs/systemd.md says.
func (r unitRig) testProgramGone(t *testing.T) {
	r.Unit(t, "gone.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n")
	r.Shell(t, "systemctl daemon-reload")
	r.succeeds(t, "unit", "install", "gone", "-p", "30060")
	for _, tt := range []struct {
		name, edit string
		status     int
	}{
		{"as installed", "true", 1},
		{"with a dash", "sed -i s/ExecStartPre=+/ExecStartPre=-+/ /etc/systemd/system/gone.service.d/zz-portguard.conf", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, status, err := r.Run("sh", "-c", tt.edit+"; systemctl daemon-reload; mv /usr/local/bin/portguard /tmp/; systemctl start gone; s=$?; mv /tmp/portguard /usr/local/bin/; exit $s")
			if err != nil || status != tt.status {
				t.Errorf("status %d, %v, want %d\n%s", status, err, tt.status, out)
			}
		})
	}
	r.succeeds(t, "unit", "remove", "gone")
	r.Shell(t, "rm /etc/systemd/system/gone.service; systemctl daemon-reload; systemctl reset-failed")
}
