package e2e

import (
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

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
	begin := time.Now()
	a := suffer(t, time.Minute, "nsenter", "--mount", "--target", strconv.Itoa(p.pid()), l.portguard, "-p", strings.Join(ports, ","))
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("it took %s", took)
	}
	a.says(t, "docker-proxy publishes a port of a container of docker")
}
