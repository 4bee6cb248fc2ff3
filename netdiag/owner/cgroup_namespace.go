package owner

import "strings"

// lost is what the path of a cgroup begins with that is below the root of our cgroup namespace, where that root is a cgroup of somebody
// else's system: nothing tells what is above it, so that no unit can be told from the path.
const lost = "/?"

// initialCgroupNamespace is the link of the first cgroup namespace (PROC_CGROUP_INIT_INO in include/linux/proc_ns.h).
const initialCgroupNamespace = "cgroup:[4026531835]"

// NamesUnits reports whether the paths of cgroups name the units of the service manager, if there is one: not where it is outside of
// our cgroup namespace.
func (s Scanner) NamesUnits() bool {
	sc, err := s.scan()
	if err != nil {
		return true
	}
	defer sc.close()
	return !sc.astray
}

// isAstray reports whether our cgroup namespace is neither the first one nor that of process 1, the service manager of a system or a
// container. Where that is hidden from this user, it is asked whether the hierarchy was mounted from outside.
func (sc *scan) isAstray() bool {
	if ns, err := sc.link("self/ns/cgroup"); err == nil && ns == initialCgroupNamespace {
		return false
	}
	if text, _, err := readFile(sc.root, "1/cgroup", nil, 1<<20); err == nil {
		return outside(parseCgroup(text))
	}
	mounts, _, err := readFile(sc.root, "self/mountinfo", nil, 64<<20)
	m, ok := cgroup2Mount(mounts)
	return err == nil && ok && outside(m.root)
}

// outside reports whether a cgroup is outside of our cgroup namespace.
func outside(path string) bool { return strings.HasPrefix(path, "/..") }

// place makes a path one that names units as far as it can.
func (sc *scan) place(path string) string {
	if !sc.astray || path == "" || path == "/" || outside(path) {
		return path
	}
	return lost + path
}
