package container

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	id1    = "3f4a0e8b5d1c9f27a6b8c0d2e4f60718293a4b5c6d7e8f9012a3b4c5d6e7f809"
	id2    = "00a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f"
	uid1   = "1d0c9d0e-7b7a-4f4e-9b0e-3c1a6a1d2f3b"
	uid1_  = "1d0c9d0e_7b7a_4f4e_9b0e_3c1a6a1d2f3b"
	static = "6f4a0e8b5d1c9f27a6b8c0d2e4f60718"
)

func TestOfCgroup(t *testing.T) {
	for _, tt := range []struct {
		name string
		path string
		want Container // zero: none
	}{
		{"docker, systemd driver", "/system.slice/docker-" + id1 + ".scope", Container{Runtime: "docker", ID: id1}},
		{"docker, cgroupfs driver", "/docker/" + id1, Container{Runtime: "docker", ID: id1}},
		{"docker, rootless", "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + id1 + ".scope", Container{Runtime: "docker", ID: id1, User: 1000}},
		{"docker that runs systemd", "/system.slice/docker-" + id1 + ".scope/system.slice/nginx.service", Container{Runtime: "docker", ID: id1}},
		{"docker with a parent cgroup", "/batch/docker/" + id1, Container{Runtime: "docker", ID: id1}},
		{"podman", "/machine.slice/libpod-" + id1 + ".scope", Container{Runtime: "podman", ID: id1}},
		{"podman, v2 with its inner cgroup", "/machine.slice/libpod-" + id1 + ".scope/container", Container{Runtime: "podman", ID: id1}},
		{"podman, rootless", "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id1 + ".scope/container", Container{Runtime: "podman", ID: id1, User: 1000}},
		{"podman in a pod", "/machine.slice/machine-libpod_pod_" + id2 + ".slice/libpod-" + id1 + ".scope", Container{Runtime: "podman", ID: id1}},
		{"podman, a unit of its own (--cgroups=split)", "/system.slice/web.service/libpod-payload-" + id1, Container{Runtime: "podman", ID: id1}},
		{"podman, cgroupfs driver", "/libpod_parent/libpod-" + id1, Container{Runtime: "podman", ID: id1}},
		{"containerd by nerdctl", "/system.slice/nerdctl-" + id1 + ".scope", Container{Runtime: "containerd", ID: id1}},

		{"Kubernetes, containerd, burstable", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uid1_ + ".slice/cri-containerd-" + id1 + ".scope", Container{Runtime: "containerd", ID: id1, Pod: uid1}},
		{"Kubernetes, containerd, best effort", "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uid1_ + ".slice/cri-containerd-" + id1 + ".scope", Container{Runtime: "containerd", ID: id1, Pod: uid1}},
		{"Kubernetes, containerd, guaranteed", "/kubepods.slice/kubepods-pod" + uid1_ + ".slice/cri-containerd-" + id1 + ".scope", Container{Runtime: "containerd", ID: id1, Pod: uid1}},
		{"Kubernetes, CRI-O", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uid1_ + ".slice/crio-" + id1 + ".scope", Container{Runtime: "cri-o", ID: id1, Pod: uid1}},
		{"Kubernetes, CRI-O with its inner cgroup", "/kubepods.slice/kubepods-pod" + uid1_ + ".slice/crio-" + id1 + ".scope/container", Container{Runtime: "cri-o", ID: id1, Pod: uid1}},
		{"Kubernetes, CRI-O, cgroupfs driver", "/kubepods/burstable/pod" + uid1 + "/crio-" + id1, Container{Runtime: "cri-o", ID: id1, Pod: uid1}},
		{"Kubernetes, docker", "/kubepods.slice/kubepods-pod" + uid1_ + ".slice/docker-" + id1 + ".scope", Container{Runtime: "docker", ID: id1, Pod: uid1}},
		{"Kubernetes, cgroupfs driver", "/kubepods/burstable/pod" + uid1 + "/" + id1, Container{Runtime: "kubernetes", ID: id1, Pod: uid1}},
		{"Kubernetes, cgroupfs driver, guaranteed", "/kubepods/pod" + uid1 + "/" + id1, Container{Runtime: "kubernetes", ID: id1, Pod: uid1}},
		{"Kubernetes, drivers that do not agree", "/system.slice/containerd.service/kubepods-burstable-pod" + uid1_ + ".slice:cri-containerd:" + id1, Container{Runtime: "containerd", ID: id1, Pod: uid1}},
		{"Kubernetes, a static pod", "/kubepods/burstable/pod" + static + "/" + id1, Container{Runtime: "kubernetes", ID: id1, Pod: static}},
		{"Kubernetes in docker (kind)", "/system.slice/docker-" + id2 + ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" + uid1_ + ".slice/cri-containerd-" + id1 + ".scope", Container{Runtime: "containerd", ID: id1, Pod: uid1, Within: id2}},
		{"Kubernetes in docker (kind), v1", "/docker/" + id2 + "/kubelet/kubepods/besteffort/pod" + uid1 + "/" + id1, Container{Runtime: "kubernetes", ID: id1, Pod: uid1, Within: id2}},
		{"docker in docker", "/docker/" + id2 + "/docker/" + id1, Container{Runtime: "docker", ID: id1, Within: id2}},
		{"docker in LXC", "/lxc.payload.web/docker/" + id1, Container{Runtime: "docker", ID: id1, Within: "web"}},
		{"podman in nspawn", "/machine.slice/machine-web.scope/payload/machine.slice/libpod-" + id1 + ".scope/container", Container{Runtime: "podman", ID: id1, Within: "web"}},
		{"podman that names itself twice", "/machine.slice/libpod-" + id1 + ".scope/libpod-payload-" + id1, Container{Runtime: "podman", ID: id1}},
		{"docker, systemd driver, from another cgroup namespace", "/../docker-" + id1 + ".scope", Container{Runtime: "docker", ID: id1}},
		{"docker, from far away", "/../../docker/" + id1, Container{Runtime: "docker", ID: id1}},
		{"docker, in a cgroup namespace without units", "/?/docker/" + id1, Container{Runtime: "docker", ID: id1}},

		{"LXC", "/lxc.payload.web", Container{Runtime: "lxc", ID: "web"}},
		{"LXC that runs systemd", "/lxc.payload.web-1/system.slice/nginx.service", Container{Runtime: "lxc", ID: "web-1"}},
		{"LXC before 4", "/lxc/101/ns/system.slice/ssh.service", Container{Runtime: "lxc", ID: "101"}},
		{"LXC by libvirt", `/machine.slice/machine-lxc\x2d1234\x2dweb.scope`, Container{Runtime: "lxc", ID: "web"}},
		{"nspawn as a service", `/machine.slice/systemd-nspawn@web\x2d1.service/payload/system.slice/nginx.service`, Container{Runtime: "systemd-nspawn", ID: "web-1"}},
		{"nspawn by hand", `/machine.slice/machine-web\x2d1.scope/payload`, Container{Runtime: "systemd-nspawn", ID: "web-1"}},

		{"podman's monitor", "/machine.slice/libpod-conmon-" + id1 + ".scope", Container{}},
		{"CRI-O's monitor", "/system.slice/crio-conmon-" + id1 + ".scope", Container{}},
		{"LXC's monitor", "/lxc.monitor.web", Container{}},
		{"a virtual machine of libvirt", `/machine.slice/machine-qemu\x2d1\x2ddebian.scope`, Container{}},
		{"docker's own service", "/system.slice/docker.service", Container{}},
		{"an id that is too short", "/docker/" + id1[:63], Container{}},
		{"an id that is none", "/docker/" + strings.Repeat("g", 64), Container{}},
		{"64 digits of somebody else", "/jobs/" + id1, Container{}},
		{"a pod and no container", "/kubepods/burstable/pod" + uid1, Container{}},
		{"a directory lxc of somebody else", "/user.slice/lxc/web", Container{}},
		{"no name", "/lxc.payload.", Container{}},
		{"a service", "/system.slice/order.service", Container{}},
		{"the root", "/", Container{}},
		{"unknown", "", Container{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := OfCgroup(tt.path)
			if diff := cmp.Diff(tt.want, got); diff != "" || ok != (tt.want != Container{}) {
				t.Errorf("%s: ok %v, container (-want +got):\n%s", tt.path, ok, diff)
			}
		})
	}
}

func FuzzOfCgroup(f *testing.F) {
	f.Add("/system.slice/docker-" + id1 + ".scope")
	f.Add("/kubepods/burstable/pod" + uid1 + "/" + id1)
	f.Add("/system.slice/containerd.service/kubepods-burstable-pod" + uid1_ + ".slice:cri-containerd:" + id1)
	f.Add(`/machine.slice/machine-lxc\x2d1234\x2dweb.scope`)
	f.Fuzz(func(t *testing.T, path string) {
		c, ok := OfCgroup(path)
		if ok != (c.Runtime != "" && c.ID != "") || !ok && c != (Container{}) {
			t.Errorf("%q: %v, %+v", path, ok, c)
		}
		if c.Runtime != "lxc" && c.Runtime != "systemd-nspawn" && c.ID != "" && !isID(c.ID) {
			t.Errorf("%q: id %q", path, c.ID)
		}
		if c.Pod != "" && !isPodUID(c.Pod) {
			t.Errorf("%q: pod %q", path, c.Pod)
		}
	})
}
