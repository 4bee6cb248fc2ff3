package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/internal/needs"
	"portguard/systemd/rigtest"
)

// quadletUnit is what the generator of podman 5.4 has made of docs/examples/podman/web.container. Debian 12's podman has none, and
// runs this unit; with -rig.release trixie it is compared with what Debian 13's makes.
const quadletUnit = "testdata/quadlet/web.service"

func TestQuadlet(t *testing.T) {
	t.Parallel() // a system of its own
	for _, p := range [][2]string{{"podman", "podman"}, {"/usr/lib/podman/netavark", "netavark"}, {"iptables", "iptables"}} {
		needs.Program(t, p[0], p[1])
	}
	t.Run("the unit alone", func(t *testing.T) { testQuadlet(t, "") })
	if *rigRelease == "" {
		return
	}
	for _, release := range strings.Split(*rigRelease, ",") {
		t.Run(filepath.Base(release), func(t *testing.T) {
			testQuadlet(t, rigtest.RootFS(t, release, "podman", "crun", "netavark", "aardvark-dns", "nftables"))
		})
	}
}

func testQuadlet(t *testing.T, root string) {
	r := containerRig{systemdRig{bootUnitRig(t, root)}}
	r.Install(t, binary(t), "/usr/bin/portguard")
	r.Install(t, builds.build(t, "./testdata/ladder/service"), "/tmp/image/srv/web")
	r.plainPodman(t)
	r.Shell(t, image+`podman import --change 'CMD ["/srv/web", "8080"]' - localhost/web:latest`, "mkdir -p /etc/containers/systemd")
	r.Unit(t, "web.service.d/rig.conf", "[Unit]\nStartLimitIntervalSec=0\n")

	generated := r.quadlet(t, "")
	if root != "" && !generated {
		t.Fatal("podman's generator has made nothing of web.container")
	}
	if v := r.Shell(t, "podman --version"); generated && strings.Contains(v, "version 5.4.") {
		want, err := os.ReadFile(quadletUnit)
		if err != nil {
			t.Fatal(err)
		}
		// Behind two lines that say so.
		if diff := cmp.Diff(string(want), r.Shell(t, "tail -n +3 /run/systemd/generator/web.service")); diff != "" {
			t.Errorf("%s (-kept +generated)\n%s", quadletUnit, diff)
		}
	}

	// A connection has the port.
	r.steal(t, "pool", examplePort)
	r.Shell(t, "systemctl daemon-reload; systemctl start web")
	r.answers(t, examplePort)
	r.Shell(t, fmt.Sprintf("ss -Htn sport = :%d | grep ESTAB >/dev/null; systemctl stop pool", examplePort))
	took := r.stops(t, "systemctl stop web")
	t.Logf("%s, generated: %t; a stop takes %s", strings.TrimSpace(r.Shell(t, "podman --version")), generated, took)

	// Another service has it, for longer than is waited: the unit fails, and starts by itself when the port is free.
	r.quadlet(t, "1s")
	r.Shell(t, fmt.Sprintf("systemd-run --quiet --collect --unit=other /usr/local/bin/orderd %d", examplePort),
		await(fmt.Sprintf("ss -Htln sport = :%d | grep .", examplePort)),
		"systemctl start --no-block web; "+await("[ $(systemctl show -P NRestarts web) -ge 1 ]"), "systemctl stop other")
	r.answers(t, examplePort)
	r.Shell(t, "systemctl stop web; journalctl -b -o cat -u web | grep 'tcp is taken' >/dev/null")
}

// quadlet writes the example, with another wait where one is given, and says whether there is a generator that reads it.
func (r containerRig) quadlet(t *testing.T, wait string) (generated bool) {
	t.Helper()
	change := func(text string) string {
		if wait != "" {
			text = strings.Replace(text, "--wait 30s", "--wait "+wait, 1)
		}
		return text
	}
	r.put(t, "/etc/containers/systemd/web.container", change(example(t, "podman/web.container")))
	r.Shell(t, "systemctl daemon-reload")
	if _, status, err := r.Run("test", "-e", "/run/systemd/generator/web.service"); err == nil && status == 0 {
		return true
	}
	unit, err := os.ReadFile(quadletUnit)
	if err != nil {
		t.Fatal(err)
	}
	r.Unit(t, "web.service", change(string(unit)))
	r.Unit(t, "web.service.d/old.conf", "[Service]\nExecStopPost=-/bin/rm -f %t/%N.cid\n") // podman 4.3 leaves it
	r.Shell(t, "systemctl daemon-reload")
	return false
}

// plainPodman lets podman run on top of the rig's root directory.
func (r containerRig) plainPodman(t *testing.T) {
	t.Helper()
	r.Shell(t, "ip link set lo up; mkdir -p /etc/containers /var/lib/containers; mount -t tmpfs engines /var/lib/containers",
		`printf '[storage]\ndriver="vfs"\nrunroot="/run/containers/storage"\ngraphroot="/var/lib/containers/storage"\n' >/etc/containers/storage.conf`,
		`printf '[containers]\npids_limit=0\n[network]\nnetwork_backend="netavark"\n' >/etc/containers/containers.conf`)
}
