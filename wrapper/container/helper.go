package container

import (
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"portguard/netdiag/owner"
)

// helperOf recognises the programs that serve containers from outside. Neither the name of a program nor its arguments
// prove anything; see the package.
func helperOf(p owner.Process) Part {
	name := program(p)
	args := argumentsOf(p)
	mine := func(runtime string) Container {
		if p.UserUnknown { // and with him where to look for the container, and who may stop it
			return Container{}
		}
		return Container{Runtime: runtime, User: p.UID}
	}
	part := Part{Program: name}
	switch {
	case name == "docker-proxy":
		part.Role, part.Container = Port, mine("docker")
		part.published, part.To = args.proxied()
	case name == "rootlessport":
		part.Role, part.Container = Port, mine("podman")
	case name == "slirp4netns":
		part.Role, part.Container = Network, mine("")
		if id := args.id("--api-socket"); id != "" { // podman names it RUNDIR/ID.net
			part.Container.Runtime, part.Container.ID = "podman", id
		}
	case name == "pasta", name == "passt":
		part.Role, part.Container = Network, mine("")
	case name == "conmon":
		part.Role, part.Container = Monitor, mine("podman")
		if strings.Contains(p.Cgroup, "/crio-conmon-") {
			part.Container.Runtime = "cri-o"
		}
		part.Container.ID = args.id("-c")
		if n := args.value("-n"); plain(n) {
			part.Container.Name = n
		}
		part.Container.Unit = ownService(part.Container, p.Cgroup)
	case strings.HasPrefix(name, "containerd-shim"):
		part.Role, part.Container = Monitor, mine("containerd")
		if args.value("-namespace") == "moby" {
			part.Container.Runtime = "docker"
		}
		part.Container.ID = args.id("-id")
	case name == "dockerd", name == "rootlesskit":
		part.Role, part.Container = Engine, mine("docker")
	case name == "containerd":
		part.Role, part.Container = Engine, mine("containerd")
	case name == "crio":
		part.Role, part.Container = Engine, mine("cri-o")
	case name == "aardvark-dns":
		part.Role, part.Container = Engine, mine("podman")
	default:
		return Part{}
	}
	return part
}

// program is the name of the file that runs, without what marks the build of it (pasta.avx2); of one whose file does not
// show to this user, what it calls itself.
func program(p owner.Process) string {
	path := p.Exe
	if path == "" && len(p.Args) > 0 {
		path, _, _ = strings.Cut(p.Args[0], " ")
	}
	name := strings.TrimSuffix(filepath.Base(path), ".avx2")
	if name == "passt" && len(p.Args) > 0 && strings.HasPrefix(filepath.Base(p.Args[0]), "pasta") {
		return "pasta" // one program of two names
	}
	if len(name) > 64 {
		return ""
	}
	return name
}

// arguments are the words of a command line.
type arguments []string

// argumentsOf leaves the program's own name out, and what is beyond any command line that these programs have.
func argumentsOf(p owner.Process) arguments {
	const most = 200
	if len(p.Args) == 0 {
		return nil
	}
	return p.Args[1:min(len(p.Args), most)]
}

// value is what follows a flag, as its own word or after "=".
func (a arguments) value(flag string) string {
	for i, arg := range a {
		if arg == flag && i+1 < len(a) {
			return a[i+1]
		}
		if v, ok := strings.CutPrefix(arg, flag+"="); ok {
			return v
		}
	}
	return ""
}

// id is the container's id in the value of a flag, which may be the file name of a path: DIR/ID.net.
func (a arguments) id(flag string) string {
	id, _, _ := strings.Cut(filepath.Base(a.value(flag)), ".")
	if !isID(id) {
		return ""
	}
	return id
}

// proxied reads what docker-proxy says: -proto tcp -host-ip 0.0.0.0 -host-port 30010 -container-ip 172.17.0.2
// -container-port 80.
func (a arguments) proxied() (Listening, string) {
	to := ""
	addr, err := netip.ParseAddr(a.value("-container-ip"))
	port, ok := portOf(a.value("-container-port"))
	if err == nil && ok {
		to = netip.AddrPortFrom(addr, port).String()
	}
	var p Listening
	if p.Port, ok = portOf(a.value("-host-port")); !ok {
		return Listening{}, to
	}
	p.Addr, _ = netip.ParseAddr(a.value("-host-ip"))
	p.Protocol = a.value("-proto")
	return p, to
}

func portOf(text string) (uint16, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil && n != 0
}
