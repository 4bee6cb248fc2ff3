package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
	"portguard/systemd/rigtest"
)

// host is a running Debian.
type host struct{ *rigtest.System }

// remember writes down all that a package could leave behind: files, what is in /etc, and the sysctls that portguard can
// change. What apt, dpkg and man keep for themselves is left out, and homes are nobody's to write.
func (h host) remember(t *testing.T, name string) {
	t.Helper()
	h.Shell(t, "{",
		// Debian's runit, where it is installed, makes /run/runit when any package is.
		`find /etc /usr /var /run /boot /opt /srv \( -path /run/systemd -o -path /run/runit -o -path /run/user -o -path /run/log -o -path /run/udev -o -path /var/log \
			-o -path /var/cache -o -path /var/backups -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/systemd -o -path /var/lib/PackageKit -o -path /var/tmp \) -prune \
			-o -printf '%p %y %m\n' | LC_ALL=C sort`,
		"find /etc -type f | LC_ALL=C sort | xargs md5sum",
		"cat /proc/sys/net/ipv4/ip_local_reserved_ports /proc/sys/net/ipv4/ip_local_port_range",
		"} >/tmp/"+name)
}

// sameAs compares what there is now with what there was.
func (h host) sameAs(t *testing.T, name string) {
	t.Helper()
	h.remember(t, "now")
	if diff := h.Shell(t, "diff /tmp/"+name+" /tmp/now || true"); diff != "" {
		t.Errorf("what is left (< before, > after)\n%s", diff)
	}
}

func (h host) apt(t *testing.T, args string) string {
	t.Helper()
	out := h.Shell(t, "DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 "+args+" 2>&1")
	return strings.ReplaceAll(out, "\r", "\n")
}

// A package's life: installed, used, upgraded, removed and purged. While it is there, a service is guarded; when it is
// removed, the service starts without it; when it is purged, nothing of it is left, and no sysctl differs.
func TestLifeOnDebian(t *testing.T) {
	root := ""
	if *long {
		root = rigtest.RootFS(t, *rigRelease, "libpam-systemd")
	}
	deb := filepath.Join(dist(t), "portguard_0.1.0-1_amd64.deb")
	needs.Program(t, "apt-get", "apt")
	h := host{rigtest.Boot(t, root)}
	text, err := os.ReadFile(deb)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.Dir, "portguard.deb"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	h.Unit(t, "order.service", "[Service]\nType=exec\nExecStart=/bin/sleep infinity\n")
	h.users(t)
	h.Shell(t, "systemctl daemon-reload",
		// A port that the administrator reserves is his, though portguard is asked to reserve it, too.
		"mkdir -p /etc/sysctl.d; echo net.ipv4.ip_local_reserved_ports = 30020,9000-9009 >/etc/sysctl.d/50-services.conf",
		"echo 9000-9009,30020 >/proc/sys/net/ipv4/ip_local_reserved_ports; echo 32768 60999 >/proc/sys/net/ipv4/ip_local_port_range",
		"rm -f /var/lib/man-db/auto-update") // takes half a minute where there are many pages
	h.remember(t, "before")
	h.apt(t, "install /rig/portguard.deb")
	h.use(t)
	h.apt(t, "reinstall /rig/portguard.deb")
	if out := h.Shell(t, "portguard unit show"); !strings.Contains(out, "order.service") {
		t.Errorf("after an upgrade nothing is guarded:\n%s", out)
	}
	h.remove(t)
	h.apt(t, "purge portguard")
	h.sameAs(t, "before")
	if *long {
		h.apt(t, "install /rig/portguard.deb")
		h.use(t)
		h.apt(t, "purge portguard")
		h.Shell(t, "systemctl restart order; systemctl is-active order; systemctl stop order")
		h.sameAs(t, "before")
	}
}

// asAnn is a command of a user's who is logged in.
func asAnn(line string) string {
	return "su - ann -c 'export XDG_RUNTIME_DIR=/run/user/$(id -u); " + line + "'"
}

// users are ann, who has a service and a manager that runs, and bob, who is away.
func (h host) users(t *testing.T) {
	t.Helper()
	needs.File(t, "/usr/share/pam-configs/systemd", "libpam-systemd")
	h.Shell(t, "useradd -m ann; useradd -m bob; mkdir -p /var/lib/systemd/linger; touch /var/lib/systemd/linger/ann; systemctl start user@$(id -u ann)",
		asAnn("mkdir -p .config/systemd/user; printf \"[Service]\\nType=exec\\nExecStart=/bin/sleep infinity\\n\" >.config/systemd/user/mine.service; systemctl --user daemon-reload"))
}

// remove leaves a service that starts, and settings that stay. What somebody has written himself stays as well, and he is told.
func (h host) remove(t *testing.T) {
	t.Helper()
	h.Unit(t, "own.service", "[Service]\nExecStart=/usr/bin/portguard -p 30030 -- /bin/sleep infinity\n")
	out := h.apt(t, "remove portguard")
	for _, want := range []string{
		"will fail without it: /etc/systemd/system/own.service\n",
		"removed /home/ann/.config/systemd/user/mine.service.d/zz-portguard.conf\n",
		"(rm ~/.config/systemd/user/*.service.d/zz-portguard.conf): bob\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	h.Shell(t, asAnn("systemctl --user restart mine; systemctl --user is-active mine; systemctl --user stop mine"), "rm -r /home/bob/.config")
	h.Shell(t, "systemctl restart order; systemctl is-active order; systemctl stop order", "! test -e /usr/bin/portguard",
		"test -e /etc/sysctl.d/zz-portguard-reserve.conf; grep -q 30010 /proc/sys/net/ipv4/ip_local_reserved_ports",
		"grep -q /usr/bin/portguard /etc/systemd/system/own.service; rm /etc/systemd/system/own.service; systemctl daemon-reload")
}

// use does what people do with it, all that it writes included.
func (h host) use(t *testing.T) {
	t.Helper()
	out := h.Shell(t,
		"portguard version",
		"portguard unit install order -p 30010 --share --wait 1s",
		"systemctl restart order; systemctl is-active order; journalctl --sync; journalctl -b -o cat -u order",
		asAnn("portguard unit install --user mine -p 30060 --share"),
		"install -D /home/ann/.config/systemd/user/mine.service.d/zz-portguard.conf /home/bob/.config/systemd/user/mine.service.d/zz-portguard.conf",
		"portguard reserve 30010,30018-30022",
		"portguard range 20000-59999",
		"systemctl enable --now --quiet portguard-audit.timer; systemctl start portguard-audit.service || true",
		"cat /proc/sys/net/ipv4/ip_local_reserved_ports /proc/sys/net/ipv4/ip_local_port_range")
	for _, want := range []string{"portguard v0.1.0", "exact", "wrote /etc/systemd/system/order.service.d/zz-portguard.conf", "9000-9009,30010,30018-30022\n", "20000\t59999\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

// When another version takes the place of this one, as deb and rpm tell, the scripts do nothing.
func TestScriptsLetAnUpgradePass(t *testing.T) {
	for _, script := range []string{"preremove.sh", "postremove.sh"} {
		for _, arg := range []string{"upgrade", "failed-upgrade", "1", "2"} {
			if out, err := exec.Command("sh", "-x", "scripts/"+script, arg).CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "+ exit 0\n") {
				t.Errorf("%s %s: %v\n%s", script, arg, err, out)
			}
		}
	}
}

// Among a user's files nothing is done that he may not do himself: a link of his leads nobody else to a file.
func TestRemovalLooksAtUsersFilesAsTheUser(t *testing.T) {
	nstest.Root(t)
	text, err := scripts.ReadFile("scripts/preremove.sh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	made, err := exec.Command("sh", "-ec", `cd "$1"; chmod 755 .. .
		for who in daemon:1 bin:2 sys:3 games:5; do
			mkdir -p ${who%:*}/.config/systemd/user/mine.service.d
			echo "${who%:*}:x:${who#*:}:${who#*:}::$1/${who%:*}:/bin/sh" >>passwd
		done
		at=.config/systemd/user/mine.service.d/zz-portguard.conf
		echo 'ExecStartPre=/usr/bin/portguard -p 30010' | tee daemon/$at >secret
		chmod 600 secret; ln -s "$1/secret" bin/$at
		mkfifo fifo; chmod 666 fifo; ln -s "$1/fifo" sys/$at
		mkdir program; real=$(command -v timeout)
		printf '#!/bin/sh\ncase "$*" in *HOME=*/games*) set -- -k 2 0.1 sleep 1000 ;; esac\nexec %s "$@"\n' "$real" >program/timeout
		chmod 755 program/timeout`, "", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, made)
	}
	script := strings.NewReplacer("cat /etc/passwd", "cat "+dir+"/passwd", "/run/user/*", dir+"/none", "/etc/systemd/system", dir+"/program", "/run/systemd/system", dir+"/none",
		"\n/usr/bin/portguard unit remove --all\n", "\n").Replace(string(text))
	for line := range strings.Lines(script) { // it runs as root, here
		if strings.Contains(line, "portguard unit remove") && !strings.Contains(line, "--user") || strings.Contains(line, "/etc/systemd") {
			t.Fatalf("this would change the host: %s", line)
		}
	}
	cmd := exec.Command("sh", "-c", script, "", "remove")
	cmd.Env = append(os.Environ(), "PATH="+dir+"/program:"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	const help = "(rm ~/.config/systemd/user/*.service.d/zz-portguard.conf):"
	want := "portguard: services of these users' own start /usr/bin/portguard, and will fail without it " + help + " daemon\n" +
		"portguard: the homes of these users do not answer; services of their own that start /usr/bin/portguard will fail without it " + help + " games\n"
	if err != nil || string(out) != want {
		t.Errorf("%v, %q, want %q", err, out, want)
	}
}

// The arithmetic of a purge: what portguard reserved goes, unless another file reserves it, too.
func TestPurgeTakesOutWhatWasAdded(t *testing.T) {
	text, err := scripts.ReadFile("scripts/postremove.sh")
	if err != nil {
		t.Fatal(err)
	}
	start, end := strings.Index(string(text), "without() {"), strings.Index(string(text), "# What \"portguard reserve\" added")
	if start < 0 || end < start {
		t.Fatal("the script has no function without")
	}
	for _, tt := range []struct{ name, list, ours, theirs, want string }{
		{"all of it", "30010", "30010", "", ""},
		{"out of a range", "30000-30010", "30005", "", "30000-30004,30006-30010"},
		{"but not another's", "9000,30010-30020", "30010-30020", "9000\n30015-30016,1", "9000,30015-30016"},
		{"what is not there", "80", "30010", "", "80"},
		{"the ends", "0-65535", "0,65535", "", "1-65534"},
		{"nothing", "", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			call := fmt.Sprintf("%s\nwithout '%s' '%s' '%s'", text[start:end], tt.list, tt.ours, tt.theirs)
			out, err := exec.Command("sh", "-ec", call).CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
				t.Errorf("%v: got %q, want %q", err, got, tt.want)
			}
		})
	}
}
