package container

import (
	"strconv"
	"strings"

	"portguard/systemd"
)

// OfCgroup names the container that a cgroup path as in /proc/PID/cgroup belongs to, v1 or v2, with either
// cgroup driver. Containers nest (a Kubernetes node may be a container): the innermost is meant. The monitors of
// containers (conmon, lxc.monitor) are outside of them.
//
// The path is as it is seen here: where portguard runs in a container, that one is not in it, or it is Within.
func OfCgroup(path string) (Container, bool) {
	var c Container
	pod, user := "", uint32(0)
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, part := range parts {
		part = strings.TrimPrefix(part, "_")
		if uid, ok := podOf(part); ok {
			pod = uid
		}
		if n, ok := userOf(part); ok {
			user = n
		}
		parent := ""
		if i > 0 {
			parent = parts[i-1]
		}
		if runtime, id, ok := containerAt(part, parent, i == 1, pod != ""); ok {
			within := c.Within
			if c.ID != "" && c.ID != id {
				within = c.ID
			}
			c = Container{Runtime: runtime, ID: id, Pod: pod, User: user, Within: within}
		}
	}
	return c, c.ID != ""
}

// containerAt recognises one component of a path. second says that only parent is above it.
func containerAt(part, parent string, second, inPod bool) (runtime, id string, ok bool) {
	if isID(part) {
		switch {
		case parent == "docker":
			return "docker", part, true
		case inPod:
			return "kubernetes", part, true
		}
		return "", "", false
	}
	if runtime, id, ok := prefixedID(part); ok {
		return runtime, id, true
	}
	if name, ok := strings.CutPrefix(part, "lxc.payload."); ok && name != "" {
		return "lxc", name, true
	}
	if parent == "lxc" && second { // before LXC 4
		return "lxc", part, true
	}
	if name, ok := systemd.InstanceOf(part, "systemd-nspawn@", ".service"); ok {
		return "systemd-nspawn", systemd.Unescape(name), true
	}
	if name, ok := systemd.InstanceOf(part, "machine-", ".scope"); ok {
		return machine(systemd.Unescape(name))
	}
	return "", "", false
}

// prefixedID reads docker-ID.scope and its like; the cgroupfs driver leaves ".scope" out.
func prefixedID(part string) (runtime, id string, ok bool) {
	// The kubelet told to use cgroupfs with a runtime that uses systemd: kubepods-podUID.slice:cri-containerd:ID.
	if i := strings.LastIndex(part, ".slice:"); i >= 0 {
		part = strings.Replace(part[i+len(".slice:"):], ":", "-", 1)
	}
	part = strings.TrimSuffix(part, ".scope")
	i := strings.LastIndexByte(part, '-')
	if i < 0 || !isID(part[i+1:]) {
		return "", "", false
	}
	id = part[i+1:]
	switch part[:i] {
	case "docker":
		return "docker", id, true
	case "libpod", "libpod-payload":
		return "podman", id, true
	case "cri-containerd", "containerd", "nerdctl":
		return "containerd", id, true
	case "crio":
		return "cri-o", id, true
	}
	return "", "", false
}

// machine tells what registered with systemd-machined: libvirt's containers and virtual machines have a prefix.
func machine(name string) (runtime, id string, ok bool) {
	if _, isVM := strings.CutPrefix(name, "qemu-"); isVM {
		return "", "", false
	}
	if rest, ok := strings.CutPrefix(name, "lxc-"); ok { // lxc-PID-NAME
		if _, id, ok := strings.Cut(rest, "-"); ok && id != "" {
			return "lxc", id, true
		}
	}
	return "systemd-nspawn", name, true
}

// userOf reads the service manager of a user, "user@1000.service": what runs below it is that user's own.
func userOf(part string) (uid uint32, ok bool) {
	text, ok := systemd.InstanceOf(part, "user@", ".service")
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), ok && err == nil
}

// podOf reads "podUID" of the cgroupfs driver and "kubepods-burstable-podUID.slice" of the systemd driver, where the
// dashes of the uid are underscores.
func podOf(part string) (uid string, ok bool) {
	if uid, ok := strings.CutPrefix(part, "pod"); ok {
		return uid, isPodUID(uid)
	}
	slice, _, ok := strings.Cut(part, ".slice") // ":cri-containerd:ID" may follow, see prefixedID
	i := strings.LastIndex(slice, "-pod")
	if !ok || i < 0 || !strings.Contains(slice[:i], "kubepods") {
		return "", false
	}
	uid = strings.ReplaceAll(slice[i+len("-pod"):], "_", "-")
	return uid, isPodUID(uid)
}

// isID: 64 lower-case hexadecimal digits.
func isID(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// isPodUID: 8-4-4-4-12 hexadecimal digits; the 32 of a file's hash for a static pod, which no API server has named.
func isPodUID(s string) bool {
	switch len(s) {
	case 32:
		return strings.Trim(s, "0123456789abcdef") == ""
	case 36:
		return s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' && strings.Trim(s, "-0123456789abcdef") == ""
	}
	return false
}
