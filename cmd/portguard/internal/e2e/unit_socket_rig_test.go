package e2e

import (
	"strings"
	"testing"
)

// A reload closes the port of a .socket unit whose file was edited to another and not restarted. What would reload is refused, with what helps;
// where a package goes the reload has to be, and is told of.
func (r unitRig) testEditedSockets(t *testing.T) {
	const (
		file   = "/etc/systemd/system/look.socket"
		harm   = "look.socket listens by files that have changed since systemd read them: a reload, which this takes, closes the ports that they no longer name, and opens no others"
		helps  = "systemctl daemon-reload && systemctl restart look.socket"
		listen = "[Socket]\nListenStream=30050\n"
	)
	r.Unit(t, "look.socket", listen)
	r.Unit(t, "look.service", "[Service]\nType=exec\nExecStart=/bin/sleep 1000\n")
	r.Unit(t, "guarded.service", "[Service]\nExecStart=/bin/sleep 1000\n")
	r.Unit(t, "later.service", "[Service]\nExecStart=/bin/sleep 1000\n")
	r.Shell(t, "systemctl daemon-reload; systemctl start look.socket")
	t.Cleanup(func() {
		r.Shell(t, "systemctl stop look.socket look.service", "rm -rf "+file+" "+file+".d", "systemctl daemon-reload")
	})
	r.succeeds(t, "unit", "install", "guarded", "-p", "1")
	listening := func(want string) {
		t.Helper()
		if got := strings.TrimSpace(r.Shell(t, "ss -Hltn '( sport = 30050 or sport = 30051 )' | awk '{print $4}'")); got != want {
			t.Errorf("listens on %q, want %q", got, want)
		}
	}
	settings := r.settings(t)
	refused := func(hint string, args ...string) {
		t.Helper()
		out, status := r.portguard(t, append([]string{"unit"}, args...)...)
		if status != 64 || !strings.Contains(out, harm+"\n") || !strings.Contains(out, "hint: "+hint+"\n") {
			t.Errorf("%q: status %d, want 64 with %q\n%s", args, status, hint, out)
		}
		listening("*:30050")
	}
	for _, tt := range []struct{ name, edit, undo string }{
		{"edited", "sed -i s/30050/30051/ " + file, "sed -i s/30051/30050/ " + file + "; touch -d '1 hour ago' " + file + "; systemctl daemon-reload"},
		{"its first drop-in, which NeedDaemonReload leaves out", "mkdir " + file + ".d; printf '[Socket]\\nListenStream=\\nListenStream=30051\\n' >" + file + ".d/a.conf",
			"rm -r " + file + ".d"},
		{"gone", "mv " + file + " /run/look.socket", "mv /run/look.socket " + file},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.Shell(t, tt.edit)
			refused(helps, "install", "later", "-p", "1")
			refused(helps, "install", "later", "-p", "1", "--dry-run")
			refused(helps, "remove", "guarded")
			if out := r.succeeds(t, "unit", "install", "guarded", "-p", "1"); !strings.HasPrefix(out, "unchanged ") {
				t.Errorf("what reloads nothing: %s", out)
			}
			r.Shell(t, tt.undo)
			if got := r.settings(t); got != settings {
				t.Errorf("it was\n%s\nand is\n%s", settings, got)
			}
		})
	}
	t.Run("edits that leave the port", func(t *testing.T) {
		r.Shell(t, "echo '# a comment' >>"+file+"; mkdir "+file+".d; printf '[Socket]\\nBacklog=9\\n' >"+file+".d/a.conf")
		if need := r.Shell(t, "systemctl show -p NeedDaemonReload look.socket"); need != "NeedDaemonReload=yes\n" {
			t.Errorf("%s", need)
		}
		r.succeeds(t, "unit", "install", "later", "-p", "2", "--dry-run")
		r.succeeds(t, "unit", "install", "guarded", "-p", "2")
		listening("*:30050")
		r.Shell(t, "rm -r "+file+".d")
	})
	t.Run("what helps, beside its running service", func(t *testing.T) {
		r.Shell(t, "systemctl start look.service; sed -i s/30050/30051/ "+file)
		const helps = "systemctl daemon-reload && systemctl stop look.socket look.service && systemctl start look.socket look.service"
		refused(helps, "install", "later", "-p", "1")
		r.Shell(t, helps)
		listening("*:30051")
		r.succeeds(t, "unit", "install", "later", "-p", "1")
		listening("*:30051")
	})
	t.Run("a package that goes", func(t *testing.T) {
		r.Shell(t, "systemctl stop look.service; sed -i s/30051/30052/ "+file)
		out := r.succeeds(t, "unit", "remove", "--all")
		if !strings.Contains(out, harm+"\nhint: "+helps) || !strings.Contains(out, "removed ") {
			t.Errorf("%s", out)
		}
	})
}
