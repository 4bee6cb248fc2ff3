package e2e

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/nstest"
)

// An engine that does not answer is waited for once, and not for each port that it publishes.
func TestDeafEngineHoldsUpOnce(t *testing.T) {
	nstest.Root(t)
	l := newLadder(t)
	dir := t.TempDir()
	engine, err := net.Listen("unix", dir+"/docker.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	if out, err := exec.Command("cp", l.service, dir+"/docker-proxy").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var ports []string
	for range 5 {
		ports = append(ports, number(l.port()))
	}
	p := launch(t, "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", `mount --bind "$1" /run && for port in $2; do /run/docker-proxy $port & done; wait`, "sh", dir, strings.Join(ports, " "))
	for range ports {
		p.expect(t, "up")
	}
	a := suffer(t, time.Minute, "nsenter", "--mount", "--root", "--target", strconv.Itoa(p.pid()), l.portguard, "-p", strings.Join(ports, ","))
	if n := asked(t, engine); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
	a.says(t, "docker-proxy publishes a port of a container of docker")
}

// asked is how many have asked somebody who has answered nobody: those in the queue before us.
func asked(t *testing.T, deaf net.Listener) (n int) {
	t.Helper()
	us := net.UnixAddr{Name: t.TempDir() + "/us", Net: "unix"}
	c, err := net.DialUnix("unix", &us, deaf.Addr().(*net.UnixAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for {
		c, err := deaf.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if c.RemoteAddr().String() == us.Name {
			return n
		}
		n++
	}
}

// The same of a systemd that does not answer: each rung asks it anew what a restart would do, and who starts again what was ended.
func TestDeafSystemdHoldsUpOnce(t *testing.T) {
	nstest.Root(t)
	l := newLadder(t)
	var cgroup string
	for _, top := range []string{"/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"} {
		dir := top + "/portguard-deaf-" + strconv.Itoa(os.Getpid()) + ".service"
		if os.Mkdir(dir, 0o755) == nil && os.WriteFile(dir+"/cgroup.procs", nil, 0) == nil {
			cgroup = dir
			break
		}
		_ = os.Remove(dir) // of a tmpfs, or read-only
	}
	if cgroup == "" {
		t.Log("on this host: no cgroup can be made")
		return
	}
	t.Cleanup(func() {
		eventually(t, 10*time.Second, "nobody is in the cgroup", func() bool { return os.Remove(cgroup) == nil })
	})
	dir := t.TempDir()
	if err := errors.Join(os.MkdirAll(dir+"/systemd/system", 0o755), os.Mkdir(dir+"/dbus", 0o755)); err != nil {
		t.Fatal(err)
	}
	var managers []net.Listener
	for _, socket := range []string{"/dbus/system_bus_socket", "/systemd/private"} {
		deaf, err := net.Listen("unix", dir+socket)
		if err != nil {
			t.Fatal(err)
		}
		defer deaf.Close()
		managers = append(managers, deaf)
	}
	port, holder, _ := l.client(t)
	if err := os.WriteFile(cgroup+"/cgroup.procs", []byte(strconv.Itoa(holder.pid())), 0); err != nil {
		t.Fatal(err)
	}
	a := suffer(t, time.Minute, "unshare", "--mount", "sh", "-c", `mount --bind "$1" /run && shift && exec "$@"`, "sh", dir,
		l.portguard, "--restart-unit", "--kill", "-p", number(port), "--", "true")
	if n := asked(t, managers[0]) + asked(t, managers[1]); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
	a.honest(t, cli.ExitOK)
	a.says(t, "what a restart of .* would do cannot be asked")
}
