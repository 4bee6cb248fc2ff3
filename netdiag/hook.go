package netdiag

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
	"portguard/netdiag/permit"
	"portguard/netdiag/sockdiag"
)

// hooked reports whether a BPF program is called for every connect() of a socket's cgroup. Such a program may bind() the socket to a
// port of its choice, and the kernel then says that the port was asked for. False where this user may not ask (CAP_NET_ADMIN).
func (t *tables) hooked(s sockdiag.Socket) bool {
	attach := uint32(unix.BPF_CGROUP_INET4_CONNECT)
	if s.Family == unix.AF_INET6 && !s.Remote.Addr().Is4In6() {
		attach = unix.BPF_CGROUP_INET6_CONNECT
	}
	key := hookKey{s.CgroupID, attach}
	yes, asked := t.hooks[key]
	if !asked {
		yes = isHooked(t.cgroups[s.CgroupID], attach)
		t.hooks[key] = yes
	}
	return yes
}

type hookKey struct {
	cgroup uint64
	attach uint32
}

// isHooked is about a path of the unified hierarchy, where programs are attached.
func isHooked(path string, attach uint32) bool {
	if path == "" || !permit.Syscall(unix.SYS_BPF) {
		return false
	}
	cgroup, err := owner.OpenCgroup(path)
	if err != nil {
		return false
	}
	defer cgroup.Close()
	const effective = 1 // BPF_F_QUERY_EFFECTIVE: those of the cgroups above as well
	query := struct {
		cgroup                   uint32
		attach, flags, attaching uint32
		programs                 uint64
		count, _                 uint32
	}{cgroup: uint32(cgroup.Fd()), attach: attach, flags: effective}
	_, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_QUERY, uintptr(unsafe.Pointer(&query)), unsafe.Sizeof(query))
	return errno == 0 && query.count > 0
}
