package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/needs"
	"portguard/systemd/rigtest"
)

// containerRig is a systemd with docker and podman, each with an image of a static busybox.
type containerRig struct{ systemdRig }

// What is said of containers holds with the real docker and podman of Debian: a published port is named and spared, and the
// command in the report frees it.
func TestContainers(t *testing.T) {
	t.Parallel() // a system of its own
	for _, p := range [][2]string{{"dockerd", "docker.io"}, {"iptables", "iptables"}, {"podman", "podman"}, {"/usr/lib/podman/netavark", "netavark"},
		{"slirp4netns", "slirp4netns"}, {"newuidmap", "uidmap"}, {"busybox", "busybox-static"}} {
		needs.Program(t, p[0], p[1])
	}
	r := containerRig{systemdRig{unitRig{rigtest.Boot(t, "")}}}
	r.Install(t, binary(t), "/usr/bin/portguard")
	r.plainPodman(t)
	r.Shell(t,
		"mkdir -p /etc/docker /tmp/image/bin /var/lib/docker; mount -t tmpfs engines /var/lib/docker",
		`echo '{"storage-driver":"vfs"}' >/etc/docker/daemon.json`,
		"cp /bin/busybox /tmp/image/bin/",
		"systemctl start docker")
	t.Run("images of docker", r.testImages("docker", " --security-opt systempaths=unconfined"))
	t.Run("docker", r.testDocker)
	t.Run("docker's healthcheck", r.testHealthcheck)
	t.Run("images of podman", r.testImages("podman", " --security-opt unmask=ALL"))
	t.Run("podman", r.testPodman)
	t.Run("podman of a user", r.testUsersPodman)
}

const (
	image  = "tar -C /tmp/image -c . | "
	listen = " bb:1 /bin/busybox nc -ll -p 80 -e /bin/busybox cat"
)

func (r containerRig) testDocker(t *testing.T) {
	r.Shell(t, image+"docker import - bb:1",
		"docker run -d --name web -p 30010:80"+listen,
		"docker run -d --name bystander bb:1 /bin/busybox sleep 600",
		"docker run -d --name host --network host bb:1 /bin/busybox nc -ll -p 30020 -e /bin/busybox cat")
	r.spares(t, 30010, "docker container web port", "docker stop web")
	r.spares(t, 30020, "docker container host main", "docker stop host", "--kill", "--restart-unit")

	// docker-proxy's own connection to its container is a client like others, of a service that every container needs.
	r.narrow(t, 30110, 30110)
	visitor := r.Command("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/30010; sleep 600")
	if err := visitor.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = visitor.Process.Kill(); _ = visitor.Wait() })
	r.taken(t, 30110)
	r.Shell(t, "pid=$(pidof dockerd); portguard --restart-unit -p 30110 && exit 1; [ $pid = $(pidof dockerd) ]; docker exec bystander /bin/busybox true")
	// A process in a container that is not its main one. Busybox's nc sets SO_REUSEADDR.
	r.narrow(t, 30120, 30120)
	r.Shell(t, `docker run -d --name pool --network host bb:1 /bin/busybox sh -c "/bin/busybox sleep 600 | /bin/busybox nc 127.0.0.1 30020; exec /bin/busybox sleep 600"`)
	r.taken(t, 30120, "--no-reuseaddr")
	const where = "; it runs in container pool (docker)"
	if e, _ := r.ask(t, 30120, "--no-reuseaddr", "--kill", "--dry-run"); len(e.Actions) != 1 || e.Actions[0].Result != "would" || !strings.HasSuffix(e.Actions[0].Detail, where) {
		t.Errorf("a worker in a container, in a dry run: %s", actionsOf(e))
	}
	if e, status := r.ask(t, 30120, "--no-reuseaddr", "--kill"); status != 0 || !strings.Contains(actionsOf(e), where) {
		t.Errorf("a worker in a container: status %d, %s", status, actionsOf(e))
	}
	r.Shell(t, "docker exec pool /bin/busybox true")

	r.frees(t, 30010)
	r.frees(t, 30020)
	r.Shell(t, "docker rm -f pool bystander")
}

// The HEALTHCHECK of docs/ready.md is one that docker takes, and the container is healthy when its service listens, for any user.
func (r containerRig) testHealthcheck(t *testing.T) {
	check := regexp.MustCompile(`(?m)^    (HEALTHCHECK .*)$`).FindStringSubmatch(readyPage(t))
	if check == nil {
		t.Fatal("docs/ready.md has no HEALTHCHECK")
	}
	r.Shell(t, "cp /usr/bin/portguard /tmp/image/bin/",
		image+"docker import --change '"+strings.Replace(check[1], "--interval=10s", "--interval=1s", 1)+"' - well:1",
		"docker run -d --user 65534 --name well well:1 /bin/busybox sh -c 'until [ -e /dev/shm/go ]; do /bin/busybox sleep 0.1; done; exec /bin/busybox nc -ll -p 8080 -e /bin/busybox cat'",
		"health() { docker inspect -f '{{len .State.Health.Log}} {{.State.Health.Status}}' well; }",
		"until health | grep -q '^[1-9]'; do sleep 0.1; done; health | grep starting",
		"docker exec well /bin/busybox touch /dev/shm/go; for i in $(seq 100); do health | grep -q ' healthy' && break; sleep 0.1; done; health | grep ' healthy'",
		"docker rm -f well; rm /tmp/image/bin/portguard; systemctl stop docker.socket docker containerd", "umount /run/docker/netns/default")
}

func (r containerRig) testPodman(t *testing.T) {
	r.Shell(t, image+"podman import - bb:1",
		"podman run -d --name web -p 30030:80"+listen,
		"podman run -d --rm --name brief --network host bb:1 /bin/busybox nc -ll -p 30040 -e /bin/busybox cat")
	r.spares(t, 30030, "podman container web monitor", "podman stop web")
	r.spares(t, 30040, "podman container brief main", "podman stop brief", "--kill", "--restart-unit")
	r.Unit(t, "quad.service", "[Service]\nType=notify\nNotifyAccess=all\nRestart=always\n"+
		"ExecStart=/usr/bin/podman run -d --rm --name quad --cgroups=no-conmon --sdnotify=conmon -p 30045:80"+listen+"\n"+
		"ExecStop=/usr/bin/podman stop --ignore -t 1 quad\n")
	r.Shell(t, "systemctl daemon-reload; systemctl start quad")
	r.spares(t, 30045, "podman container quad monitor", "systemctl stop quad.service")
	r.frees(t, 30030)
	r.frees(t, 30040)
	r.frees(t, 30045)
}

// A user's podman needs a /proc and a /sys that nothing is mounted over, as the rig's are: the kernel lets no user namespace
// have a new one else.
func (r containerRig) testUsersPodman(t *testing.T) {
	r.Shell(t, "mkdir -p /dev/net /run/plain/proc /run/plain/sys /var/lib/systemd/linger",
		"mknod -m 666 /dev/net/tun c 10 200; mount -t proc proc /run/plain/proc; mount -t sysfs sys /run/plain/sys",
		"useradd -m -s /bin/bash ann; touch /var/lib/systemd/linger/ann; systemctl start user@$(id -u ann)",
		"install -d -o ann /home/ann/.config /home/ann/.config/containers",
		`printf '[storage]\ndriver="vfs"\n' >/home/ann/.config/containers/storage.conf`,
		image+"su - ann -c 'podman import - bb:1'",
		"su - ann -c 'podman run -d --name web -p 30050:80"+listen+"'")
	r.spares(t, 30050, "podman container web port of ann", "su - ann -c 'podman stop web'")
	r.frees(t, 30050)
	r.Shell(t, "rm /var/lib/systemd/linger/ann; systemctl stop user@$(id -u ann)")
}

// spares asks about a port that a container has, and has each rung that would harm it refuse.
func (r containerRig) spares(t *testing.T, port int, want, command string, rungs ...string) {
	t.Helper()
	r.taken(t, port)
	e, _ := r.ask(t, port)
	for _, h := range e.Holders {
		got := "no container"
		if c := h.Container; c != nil {
			got = fmt.Sprintf("%s container %s %s", c.Runtime, c.Name, c.Role)
			if c.UID != 0 {
				got += " of " + h.Processes[0].User
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if len(e.Advice) == 0 || e.Advice[len(e.Advice)-1] != command {
		t.Errorf("the advice is %q, want %q", e.Advice, command)
	}
	if len(rungs) == 0 {
		rungs = []string{"--close", "--kill", "--restart-unit"}
	}
	for _, rung := range rungs {
		for _, more := range [][]string{{"--dry-run"}, nil} {
			e, status := r.ask(t, port, append(more, rung, "--kill-listeners")...)
			if status != cli.ExitUnavailable || len(e.Actions) != len(e.Holders) {
				t.Errorf("%s %s: status %d, %s", rung, more, status, actionsOf(e))
			}
			for _, a := range e.Actions {
				if a.Result != "not-possible" || !strings.HasSuffix(a.Detail, ": "+command) {
					t.Errorf("%s %s: %s: %s", rung, more, a.Result, a.Detail)
				}
			}
		}
	}
}

// frees does what the report advises, and looks again.
func (r containerRig) frees(t *testing.T, port int) {
	t.Helper()
	e, _ := r.ask(t, port)
	if len(e.Advice) == 0 {
		t.Fatalf("nothing is advised: %+v", e)
	}
	command := e.Advice[len(e.Advice)-1]
	if !strings.HasPrefix(command, "systemctl") {
		command = strings.Replace(command, " stop ", " stop -t 1 ", 1)
	}
	r.Shell(t, command)
	if e, status := r.ask(t, port); status != 0 {
		t.Errorf("%d is %s after %q", port, e.Verdict, e.Advice)
	}
}

// taken waits until somebody has the port.
func (r containerRig) taken(t *testing.T, port int, flags ...string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if _, status := r.ask(t, port, flags...); status == cli.ExitUnavailable {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody has %d", port)
		}
	}
}
