package container

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag/owner"
)

// Command lines as docker 20.10, podman 5.4 and containerd 1.6 have them.
const (
	dockerProxy = "/usr/sbin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 30010 -container-ip 172.17.0.2 -container-port 80"
	conmon      = "/usr/bin/conmon --api-version 1 -c " + id1 + " -u " + id1 + " -r /usr/bin/crun -b /var/lib/containers/storage/vfs-containers/" + id1 +
		"/userdata -n web --exit-dir /run/libpod/exits --full-attach -s -l journald --exit-command /usr/bin/podman --exit-command-arg --root"
	pasta       = "/usr/bin/pasta --config-net -t 30110-30110:80-80 --dns-forward 169.254.1.1 --quiet --netns /run/user/1000/netns/netns-2cc0f0ab"
	slirp       = "/usr/bin/slirp4netns --disable-host-loopback --mtu=65520 -c -r 3 -e 4 --api-socket /run/user/1000/libpod/tmp/" + id1 + ".net --netns-type=path /run/user/1000/netns/netns-0262 tap0"
	shimDocker  = "/usr/bin/containerd-shim-runc-v2 -namespace moby -id " + id1 + " -address /run/containerd/containerd.sock"
	shimK8s     = "/usr/bin/containerd-shim-runc-v2 -namespace k8s.io -id " + id1 + " -address /run/containerd/containerd.sock"
	machineWeb  = "/machine.slice/libpod-" + id1 + ".scope/container"
	dockerScope = "/system.slice/docker-" + id1 + ".scope"
)

func process(args, exe, cgroup string, uid uint32, pids ...int) owner.Process {
	p := owner.Process{PID: 400, InnerPID: 400, Args: strings.Fields(args), Exe: exe, Cgroup: cgroup, UID: uid}
	if len(pids) > 0 {
		p.InnerPID = pids[0]
	}
	return p
}

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		name string
		p    owner.Process
		want Part
	}{
		{"pid 1 of a container below a cgroup of somebody's choice", process("java -jar app.jar", "/usr/bin/java", "/ecs/"+uid1+"/"+id1, 0, 1), Part{
			Role: Main, Container: Container{ID: id1}}},
		{"another process in that cgroup", process("java -jar app.jar", "/usr/bin/java", "/ecs/"+uid1+"/"+id1, 0), Part{}},
		{"pid 1 of a namespace of its own", process("java -jar app.jar", "/usr/bin/java", "/system.slice/order.service", 0, 1), Part{}},
		{"docker-proxy names the port, and where it leads", process(dockerProxy, "/usr/sbin/docker-proxy", "/system.slice/docker.service", 0), Part{
			Role: Port, Program: "docker-proxy", Container: Container{Runtime: "docker"}, To: "172.17.0.2:80",
			published: Listening{"tcp", netip.MustParseAddr("0.0.0.0"), 30010},
		}},
		{"docker-proxy whose words make no sense", process("docker-proxy -host-port 99999 -container-ip x -container-port", "/usr/bin/docker-proxy", "/", 0), Part{
			Role: Port, Program: "docker-proxy", Container: Container{Runtime: "docker"},
		}},
		{"docker-proxy of a user's is about that user's docker", process("docker-proxy", "/home/ann/docker-proxy", "/", 1000), Part{
			Role: Port, Program: "docker-proxy", Container: Container{Runtime: "docker", User: 1000},
		}},
		{"dockerd", process("/usr/sbin/dockerd -H fd://", "/usr/sbin/dockerd", "/system.slice/docker.service", 0), Part{
			Role: Engine, Program: "dockerd", Container: Container{Runtime: "docker"},
		}},
		{"containerd", process("/usr/bin/containerd", "/usr/bin/containerd", "/system.slice/containerd.service", 0), Part{
			Role: Engine, Program: "containerd", Container: Container{Runtime: "containerd"},
		}},
		{"a shim of docker's", process(shimDocker, "/usr/bin/containerd-shim-runc-v2", "/system.slice/containerd.service", 0), Part{
			Role: Monitor, Program: "containerd-shim-runc-v2", Container: Container{Runtime: "docker", ID: id1},
		}},
		{"a shim of Kubernetes'", process(shimK8s, "/usr/bin/containerd-shim-runc-v2", "/system.slice/containerd.service", 0), Part{
			Role: Monitor, Program: "containerd-shim-runc-v2", Container: Container{Runtime: "containerd", ID: id1},
		}},
		{"conmon says the name", process(conmon, "/usr/bin/conmon", "/machine.slice/libpod-conmon-"+id1+".scope", 0), Part{
			Role: Monitor, Program: "conmon", Container: Container{Runtime: "podman", ID: id1, Name: "web"},
		}},
		{"conmon of a service of its own", process(conmon, "/usr/bin/conmon", "/system.slice/quad.service/runtime", 0), Part{
			Role: Monitor, Program: "conmon", Container: Container{Runtime: "podman", ID: id1, Name: "web", Unit: "quad.service"},
		}},
		{"conmon of a user's service", process(conmon, "/usr/bin/conmon", "/user.slice/user-1000.slice/user@1000.service/app.slice/quad.service/runtime", 1000), Part{
			Role: Monitor, Program: "conmon", Container: Container{Runtime: "podman", ID: id1, Name: "web", Unit: "quad.service", User: 1000},
		}},
		{"conmon of what podman's API has started", process(conmon, "/usr/bin/conmon", "/system.slice/podman.service", 0), Part{
			Role: Monitor, Program: "conmon", Container: Container{Runtime: "podman", ID: id1, Name: "web"},
		}},
		{"a user's conmon in a service of the system's", process(conmon, "/usr/bin/conmon", "/system.slice/quad.service", 1000), Part{
			Role: Monitor, Program: "conmon", Container: Container{Runtime: "podman", ID: id1, Name: "web", User: 1000},
		}},
		{"a container that is a service", process("nginx", "/usr/sbin/nginx", "/system.slice/quad.service/libpod-payload-"+id1, 0, 1), Part{
			Role: Main, Container: Container{Runtime: "podman", ID: id1, Unit: "quad.service"},
		}},
		{"conmon of cri-o", process(conmon, "/usr/bin/conmon", "/system.slice/crio-conmon-"+id1+".scope", 0), Part{
			Role: Monitor, Program: "conmon", Container: Container{Runtime: "cri-o", ID: id1, Name: "web"},
		}},
		{"conmon whose name is a command", process("conmon -c x -n $(reboot)", "/usr/bin/conmon", "/", 1000), Part{
			Role: Monitor, Program: "conmon", Container: Container{Runtime: "podman", User: 1000},
		}},
		{"rootlessport", process("rootlessport", "/usr/libexec/podman/rootlessport", "/user.slice/user-1000.slice/user@1000.service/user.slice/podman-302.scope", 1000), Part{
			Role: Port, Program: "rootlessport", Container: Container{Runtime: "podman", User: 1000},
		}},
		{"pasta, built for some processors", process(pasta, "/usr/bin/pasta.avx2", "/", 1000), Part{
			Role: Network, Program: "pasta", Container: Container{User: 1000},
		}},
		{"pasta is another name of passt's", process(pasta, "/usr/bin/passt.avx2", "/", 1000), Part{
			Role: Network, Program: "pasta", Container: Container{User: 1000},
		}},
		{"passt, for a virtual machine", process("passt -t 80", "/usr/bin/passt", "/", 1000), Part{
			Role: Network, Program: "passt", Container: Container{User: 1000},
		}},
		{"pasta whose file does not show", process(pasta, "", "/", 1000), Part{
			Role: Network, Program: "pasta", Container: Container{User: 1000},
		}},
		{"slirp4netns that podman has publish a port", process(slirp, "/usr/bin/slirp4netns", "/", 1000), Part{
			Role: Network, Program: "slirp4netns", Container: Container{Runtime: "podman", ID: id1, User: 1000},
		}},
		{"a process of a container", process("nginx: worker", "/usr/sbin/nginx", dockerScope, 101, 7), Part{
			Role: Member, Container: Container{Runtime: "docker", ID: id1},
		}},
		{"the first process of a container", process("nginx", "/usr/sbin/nginx", machineWeb, 0, 1), Part{
			Role: Main, Container: Container{Runtime: "podman", ID: id1},
		}},
		{"a container that is in v1's other hierarchies alone", beside(process("nginx", "/usr/sbin/nginx", "/openrc.docker", 0, 1), "/docker", "/docker/"+id1), Part{
			Role: Main, Container: Container{Runtime: "docker", ID: id1},
		}},
		{"the same, where its cgroup says nothing", beside(process("nginx: worker", "/usr/sbin/nginx", "/", 0, 7), "/docker/"+id1), Part{
			Role: Member, Container: Container{Runtime: "docker", ID: id1},
		}},
		{"a container beside the one that we are in", process("nginx: worker", "/usr/sbin/nginx", "/../"+id1, 0, 7), Part{
			Role: Member, Container: Container{ID: id1},
		}},
		{"64 digits of somebody else", process("nginx: worker", "/usr/sbin/nginx", "/jobs/"+id1, 0, 7), Part{}},
		{"docker-proxy in a container is that container's", process(dockerProxy, "/usr/bin/docker-proxy", dockerScope, 0, 9), Part{
			Role: Port, Program: "docker-proxy", Container: Container{Runtime: "docker", ID: id1}, To: "172.17.0.2:80",
		}},
		{"a program like any other", process("java -jar order.jar", "/usr/bin/java", "/system.slice/order.service", 0), Part{}},
		{"a name is not the beginning of one", process("docker-proxy2", "/usr/bin/docker-proxy2", "/", 0), Part{}},
		{"a kernel thread", owner.Process{PID: 2, Command: "kthreadd"}, Part{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Of(tt.p)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(Part{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("part (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStop(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    Container
		as   uint32
		want string
	}{
		{"docker", Container{Runtime: "docker", ID: id1, Name: "web"}, 0, "docker stop web"},
		{"docker without a name", Container{Runtime: "docker", ID: id1}, 0, "docker stop " + id1[:12]},
		{"a user's docker", Container{Runtime: "docker", ID: id1, Name: "web", User: 1000}, 0, "docker -H unix:///run/user/1000/docker.sock stop web"},
		{"podman", Container{Runtime: "podman", ID: id1, Name: "web"}, 0, "podman stop web"},
		{"root's podman, for a user", Container{Runtime: "podman", ID: id1, Name: "web"}, 1000, "sudo podman stop web"},
		{"one's own podman", Container{Runtime: "podman", ID: id1, Name: "web", User: 1000}, 1000, "podman stop web"},
		{"in another container", Container{Runtime: "docker", ID: id1, Within: id2}, 0, ""},
		{"a service in another container", Container{Runtime: "podman", ID: id1, Name: "web", Unit: "web.service", Within: id2}, 0, ""},
		{"another user's podman", Container{Runtime: "podman", ID: id1, Name: "web", User: 65534}, 0, "su - nobody -c 'podman stop web'"},
		{"a service of its own", Container{Runtime: "podman", ID: id1, Name: "web", Unit: "web.service"}, 0, "systemctl stop web.service"},
		{"one's own service", Container{Runtime: "podman", ID: id1, Name: "web", Unit: "web.service", User: 1000}, 1000, "systemctl --user stop web.service"},
		{"another user's service", Container{Runtime: "podman", ID: id1, Name: "web", Unit: "web.service", User: 65534}, 0, "systemctl --user -M nobody@ stop web.service"},
		{"a user without a name", Container{Runtime: "podman", ID: id1, Name: "web", User: 54321}, 0, ""},
		{"a name that no engine gives", Container{Runtime: "docker", ID: id1, Name: "a;reboot"}, 0, "docker stop " + id1[:12]},
		{"a name that would be a flag", Container{Runtime: "lxc", ID: "-h", Name: "-h"}, 0, ""},
		{"a pod's container", Container{Runtime: "containerd", ID: id1, Pod: uid1}, 0, "crictl stop " + id1[:12]},
		{"a machine", Container{Runtime: "systemd-nspawn", ID: "mail", Name: "mail"}, 0, "machinectl stop mail"},
		{"nothing is known", Container{Runtime: "docker"}, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.c.Stop(tt.as); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Whatever a process calls itself, it names no container of another user's, and no command but one of the known shapes.
func FuzzOf(f *testing.F) {
	for _, line := range []string{dockerProxy, conmon, pasta, slirp, shimDocker, "conmon -n $(reboot) -c", "docker-proxy -host-port=1 -container-ip=::1%a -container-port 1"} {
		f.Add(line, "", "/", uint32(1000))
	}
	f.Add("nginx", "/usr/sbin/nginx", dockerScope, uint32(0))
	f.Fuzz(func(t *testing.T, line, exe, cgroup string, uid uint32) {
		p := owner.Process{PID: 400, InnerPID: 400, Args: strings.Split(line, " "), Exe: exe, Cgroup: cgroup, UID: uid}
		part := Of(p)
		_, inside := OfCgroup(cgroup)
		if part.Role == None != (part == Part{}) || part.Role.Outside() != (part.Program != "") {
			t.Errorf("%+v", part)
		}
		if part.Role != None && !inside && part.Container.User != uid {
			t.Errorf("user %d names a container of user %d's", uid, part.Container.User)
		}
		if command := part.Container.Stop(0); strings.ContainsAny(command, "\n;|&$`\"\\()<>") {
			t.Errorf("%+v is stopped by %q", part.Container, command)
		}
	})
}

// beside gives a process cgroups of other hierarchies.
func beside(p owner.Process, cgroups ...string) owner.Process {
	p.OtherCgroups = cgroups
	return p
}
