package decide

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper/container"
)

// What serves containers, or is one, is spared by every rung that would take more from it than a connection; a connection of
// it is like any other.
func TestDecideSparesContainers(t *testing.T) {
	const id = "3f4a0e8b5d1c9f27a6b8c0d2e4f60718293a4b5c6d7e8f9012a3b4c5d6e7f809"
	outside := func(exe string) owner.Process {
		return owner.Process{PID: 400, InnerPID: 400, Exe: exe, Args: []string{exe}, Cgroup: "/system.slice/docker.service"}
	}
	inside := func(pid int) owner.Process {
		return owner.Process{PID: 400, InnerPID: pid, Exe: "/usr/sbin/nginx", Cgroup: "/system.slice/docker-" + id + ".scope"}
	}
	conmon := owner.Process{PID: 400, InnerPID: 400, Exe: "/usr/bin/conmon", Args: []string{"conmon", "-c", id, "-n", "web"}, Cgroup: "/machine.slice/libpod-conmon-" + id + ".scope"}
	plain := owner.Process{PID: 500, InnerPID: 500, Exe: "/usr/bin/java", Cgroup: "/system.slice/order.service"}
	for _, tt := range []struct {
		name  string
		kind  netdiag.Kind
		by    []owner.Process
		allow string // the rungs that go ahead, each with --kill-listeners
	}{
		{"a published port", netdiag.Listener, []owner.Process{outside("/usr/sbin/docker-proxy")}, ""},
		{"a port that is kept for the firewall", netdiag.Bound, []owner.Process{outside("/usr/sbin/dockerd")}, ""},
		{"the connection of a published port to its container", netdiag.Client, []owner.Process{outside("/usr/sbin/docker-proxy")}, "share close"},
		{"the engine's own connection", netdiag.Client, []owner.Process{outside("/usr/bin/containerd")}, "share close"},
		{"podman's monitor", netdiag.Listener, []owner.Process{conmon}, ""},
		{"a container's network", netdiag.Listener, []owner.Process{outside("/usr/bin/pasta.avx2")}, ""},
		{"a connection by a container's network", netdiag.Client, []owner.Process{outside("/usr/bin/slirp4netns")}, "share close"},
		{"a worker in a container", netdiag.Client, []owner.Process{inside(7)}, "share close kill"},
		{"the main process of a container", netdiag.Client, []owner.Process{inside(1)}, "share close"},
		{"a service with the host's network", netdiag.Listener, []owner.Process{inside(1)}, "close"},
		{"a worker that the main process shares with", netdiag.Listener, []owner.Process{inside(7), inside(1)}, "close"},
		{"a published port that a program of the host has as well", netdiag.Listener, []owner.Process{plain, conmon}, ""},
		{"a program like any other", netdiag.Client, []owner.Process{plain}, "share close restart-unit kill"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &netdiag.Holder{Kind: tt.kind, Owners: tt.by}
			var allowed []string
			for _, r := range []Rung{Share, Close, RestartUnit, Kill} {
				if (Judge{Policy: Policy{KillListeners: true}, Services: thatRun("order.service", "docker.service")}).Decide(r, tcp(30010), h).GoAhead() {
					allowed = append(allowed, r.String())
				}
			}
			if got := strings.Join(allowed, " "); got != tt.allow {
				t.Errorf("%q go ahead, want %q", got, tt.allow)
			}
		})
	}
}

// The refusal names the container and what stops it: what was found out, else what the process says.
func TestDecideNamesTheContainer(t *testing.T) {
	const id = "3f4a0e8b5d1c9f27a6b8c0d2e4f60718293a4b5c6d7e8f9012a3b4c5d6e7f809"
	proxy := owner.Process{PID: 400, InnerPID: 400, StartTicks: 7, Exe: "/usr/sbin/docker-proxy", Args: strings.Fields("docker-proxy -proto tcp -host-port 30010 -container-ip 172.17.0.2 -container-port 80")}
	h := &netdiag.Holder{Kind: netdiag.Listener, Owners: []owner.Process{proxy}}
	asked := Around{Parts: Parts{keyOf(proxy, h): {
		Role: container.Port, Program: "docker-proxy", Container: container.Container{Runtime: "docker", ID: id, Name: "web"},
	}}}
	for _, tt := range []struct {
		name   string
		around Around
		want   Decision
	}{
		{"docker has answered", asked, Decision{NotPossible, "docker-proxy publishes a port of container web (docker)", "docker stop web"}},
		{"docker has not", Around{}, Decision{NotPossible, "docker-proxy publishes a port of a container of docker's, 172.17.0.2:80", "docker ps --filter publish=30010"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Judge{Policy: Policy{KillListeners: true}, Around: tt.around}.Decide(Kill, tcp(30010), h)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A process that runs other services is not ended for one port, and a unit that has others is not restarted for it.
func TestDecideSparesOtherServices(t *testing.T) {
	god := owner.Process{PID: 400, InnerPID: 400, Exe: "/usr/bin/node", Cgroup: "/system.slice/pm2-root.service"}
	h := &netdiag.Holder{Kind: netdiag.Listener, Owners: []owner.Process{god}}
	beside := func(below bool) Around {
		return Around{Services: map[netdiag.SocketID][]netdiag.Neighbour{h.ID(): {
			{Process: owner.Process{PID: 401, Command: "node"}, Ports: []uint16{30011, 30012}, Below: below},
		}}}
	}
	refusal := Decision{Result: NotPossible, Why: "other services would end with it: node (pid 401) on 30011 30012"}
	for _, tt := range []struct {
		name   string
		rung   Rung
		around Around
		want   Decision
	}{
		{"kill what has started another", Kill, beside(true), refusal},
		{"kill what runs beside another", Kill, beside(false), Decision{}},
		{"kill what is alone", Kill, Around{}, Decision{}},
		{"restart the unit of another", RestartUnit, beside(false), refusal},
		{"restart the unit of what has started another", RestartUnit, beside(true), refusal},
		{"close harms no other", Close, beside(true), Decision{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Judge{Policy: Policy{KillListeners: true}, Around: tt.around}.Decide(tt.rung, tcp(30010), h)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
