package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
	"portguard/netdiag/portrange"
)

// podSpec is what these tests need to know of a manifest.
type podSpec struct {
	SecurityContext struct {
		Sysctls []struct{ Name, Value string }
	}
	HostPID        bool
	InitContainers []podContainer
}

type podContainer struct {
	Name            string
	Args            []string
	SecurityContext struct {
		RunAsUser    int
		Capabilities struct{ Add, Drop []string }
	}
}

// manifest reads one of the examples.
func manifest(t *testing.T, name string) podSpec {
	t.Helper()
	needs.Python(t, "python3", "yaml", "python3-yaml")
	cmd := exec.Command("python3", "-c", "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)")
	cmd.Stdin = strings.NewReader(example(t, "kubernetes/"+name))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Spec struct{ Template struct{ Spec podSpec } }
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Spec.Template.Spec
}

// contained is the container's command as a runtime starts it: its user and its capabilities.
func (c podContainer) contained(t *testing.T, portguard string) []string {
	t.Helper()
	if !slices.Equal(c.SecurityContext.Capabilities.Drop, []string{"ALL"}) {
		t.Fatalf("%s keeps capabilities", c.Name)
	}
	bounding := "-all"
	for _, capability := range c.SecurityContext.Capabilities.Add {
		bounding += ",+" + strings.ToLower(capability)
	}
	user := fmt.Sprint(c.SecurityContext.RunAsUser)
	return slices.Concat([]string{"setpriv", "--reuid", user, "--regid", user, "--clear-groups",
		"--inh-caps", "-all", "--bounding-set", bounding, "--no-new-privs", portguard}, c.Args)
}

// The containers of the hostNetwork example get the port from another program's connection and hold it over restarts of the
// service, with no more than the manifest gives them.
func TestKubernetesHostNetwork(t *testing.T) {
	nstest.Root(t)
	pod := manifest(t, "host-network.yaml")
	if !pod.HostPID {
		t.Fatal("a pid namespace of its own is not in this test")
	}
	l := newLadder(t)
	const port = 30010
	nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
	h := l.rig.Hold(t, port, pooled(loopback4))
	fd := h.FD
	h.FD = -1
	l.keep(t, nobody, []int{fd})
	l.dies(t, port)

	free := launch(t, pod.InitContainers[0].contained(t, l.portguard)...)
	if status := free.end(t); status != 0 {
		t.Fatalf("%s ends with %d\n%s", pod.InitContainers[0].Name, status, free.errs.String())
	}
	hold := launch(t, pod.InitContainers[1].contained(t, l.portguard)...)
	eventually(t, 20*time.Second, "the port is held", func() bool { return strings.Contains(hold.errs.String(), "holding 1 port") })
	listens(t, portrange.Of(601))
	for range 2 {
		service := launch(t, l.service, number(port))
		service.expect(t, "up")
		service.stop(t, unix.SIGKILL)
		narrowed(t, port, func() {
			if c, err := net.Dial("tcp4", "127.0.0.1:601"); !errors.Is(err, unix.EADDRNOTAVAIL) {
				t.Errorf("the kernel gives the port to a connection: %v, %v", c, err)
			}
		})
	}
}

// The kernel takes the sysctl as it is in the manifest, and the node's reservation adds to what is there.
func TestKubernetesReservations(t *testing.T) {
	nstest.Root(t)
	for _, s := range manifest(t, "reserved-ports.yaml").SecurityContext.Sysctls {
		nstest.Sysctl(t, s.Name, s.Value)
	}
	kernelHas(t, "40010,40020-40029")
	r := newSysctlRig(t)
	if err := portrange.SetReserved(portrange.Of(8080)); err != nil {
		t.Fatal(err)
	}
	r.runs(t, 0, manifest(t, "reserve-on-nodes.yaml").InitContainers[0].Args...)
	kernelHas(t, "8080,30000-30100")
	if got := r.dropin(t); got != "" {
		t.Errorf("the container's own file system has\n%s", got)
	}
}
