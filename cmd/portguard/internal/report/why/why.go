// Package why answers: what is this socket, and why is it in the way? Without a full stop, for people.
package why

import (
	"fmt"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper"
	"portguard/wrapper/container"
	"portguard/wrapper/decide"
)

// Facts are what explains a holder beside itself. The zero value explains what the socket alone tells.
type Facts struct {
	Ephemeral portrange.Range // where the kernel picks ports
	Judge     decide.Judge    // which knows what stands around the owners, and what is left over from an earlier run
	// Starts: a service is about to be started, and does not run yet.
	Starts bool
	halves map[netdiag.SocketID]string // listeners that are deaf to IPv4, see half.go
}

// Of adds what a report tells.
func (f Facts) Of(r *wrapper.Report) Facts {
	f.Judge, f.halves = r.Judge, halves(r)
	f.Starts = f.Starts || r.Judge.Starts.Name != ""
	return f
}

// Sentence is for an operator who has never heard of ephemeral ports. It has no full stop, and is safe to print.
func Sentence(h netdiag.Holder, facts Facts) string {
	return whatItIs(h, facts) + whatItLacks(h, facts) + leftOver(h, facts) + whereItIs(h) + whoIsMissing(h) + page.Safe(whatIsAround(h, facts))
}

// whereItIs tells of the device that a service is bound to. A link-local address says it by itself.
func whereItIs(h netdiag.Holder) string {
	if h.Device == "" || h.Kind != netdiag.Listener && h.Kind != netdiag.Bound || h.Socket.Local.Addr().IsLinkLocalUnicast() {
		return ""
	}
	return fmt.Sprintf("; on the interface %s alone: a service that is bound to another one does not meet it", page.Safe(h.Device))
}

// whatIsAround tells of the container that it belongs to, and of the services that would end with its owner.
func whatIsAround(h netdiag.Holder, facts Facts) string {
	s := ""
	switch part := facts.Judge.Around.Part(&h); {
	case published(part, h):
		return ""
	case part.Role != container.None:
		return "; " + part.String()
	}
	if below := facts.Judge.Around.Below(&h); len(below) > 0 {
		s += "; it has started other services, which may end with it: " + decide.Neighbours(below)
	} else if others := facts.Judge.Around.Beside(&h); len(others) > 0 {
		if unit := decide.ServiceOf(&h); unit != "" {
			s += "; " + unit + " has other services as well: " + decide.Neighbours(others)
		}
	}
	return s
}

func whatItIs(h netdiag.Holder, facts Facts) string {
	port, peer := h.Socket.Local.Port(), netdiag.Plain(h.Socket.Remote)
	switch h.Kind {
	case netdiag.Listener:
		if part := facts.Judge.Around.Part(&h); published(part, h) {
			return page.Safe(part.String()) + ": what comes to this port goes on to it, until it is stopped"
		}
		return listens(h, facts)
	case netdiag.Client:
		return client(h, facts)
	case netdiag.BoundClient:
		by := ""
		if h.Hooked {
			by = ", or a BPF program did, as its cgroup has one for connect()"
		}
		return fmt.Sprintf("an outgoing connection to %s whose program itself asked for port %d as its local end%s", peer, port, by)
	case netdiag.Accepted:
		if h.Absence == netdiag.NotAccepted {
			return fmt.Sprintf("a connection from %s that waits to be accepted by the listener on this port", peer)
		}
		return fmt.Sprintf("the server's end of a connection that %s made to this port", peer)
	case netdiag.Bound:
		if h.Flags.Placeholder {
			return "a placeholder of portguard's, which keeps this port for a service: who has it open is portguard, is systemd (--hold fdstore), is that service, or has inherited it from it"
		}
		return "a program asked for this port and does nothing with it: it neither listens nor is it connected, so netstat does not show it"
	case netdiag.Remains:
		return remains(h.Socket)
	case netdiag.Closing:
		return fmt.Sprintf("its program has closed this connection to %s, but the kernel still has data to deliver; it ends when that is done or given up", peer)
	case netdiag.Kernel:
		return kernels(h.Socket)
	}
	return "of a kind that portguard does not know"
}

// published reports whether a holder is what stands on this host for a port of a container's.
func published(part container.Part, h netdiag.Holder) bool {
	return h.Kind == netdiag.Listener && part.Role.Outside() && part.Role != container.Engine
}

func client(h netdiag.Holder, facts Facts) string {
	port, peer := h.Socket.Local.Port(), netdiag.Plain(h.Socket.Remote)
	s := fmt.Sprintf("an outgoing connection to %s", peer)
	switch {
	case peer.Port() == 0:
		s = "a program sends datagrams from it"
	case h.Socket.Remote == h.Socket.Local:
		s = "a connection of a program to itself, made while the service it looked for was down"
	}
	switch {
	case facts.Ephemeral.High == 0:
		return s + fmt.Sprintf("; nobody asked for port %d: the kernel picked it as an ephemeral port from ip_local_port_range (which cannot be read here)", port)
	case !facts.Ephemeral.Contains(port):
		return s + fmt.Sprintf("; the kernel picked port %d as an ephemeral port, and ip_local_port_range (now %s) has been changed since", port, facts.Ephemeral)
	}
	return s + fmt.Sprintf("; nobody asked for port %d: the kernel picked it as an ephemeral port from ip_local_port_range %s", port, facts.Ephemeral)
}

// kernels is about a socket that the kernel has opened for itself. Those of UDP are tunnels' as a rule, and no table leads from one to its device.
func kernels(s sockdiag.Socket) string {
	if s.Protocol == unix.IPPROTO_UDP {
		return "the kernel itself uses this port, for a tunnel (WireGuard, VXLAN) or the like; there is no process to end: wg show and ip -d link name the devices and their ports"
	}
	return "the kernel itself uses this port, for NFS, iSCSI or the like; there is no process to end"
}

func remains(s sockdiag.Socket) string {
	left := names.Left(s.Expires)
	if s.State == sockdiag.TimeWait {
		return fmt.Sprintf("what is left of a closed connection to %s: the kernel keeps its port for %s more (TIME_WAIT) in case late packets arrive; no process owns it", netdiag.Plain(s.Remote), left)
	}
	return fmt.Sprintf("its program has closed this connection to %s, which has not closed its own end; the kernel gives up after at most %s (FIN_WAIT2); no process owns it", netdiag.Plain(s.Remote), left)
}

// whoIsMissing says why no process is named, where one should be.
func whoIsMissing(h netdiag.Holder) string {
	if len(h.Hints) > 0 && (h.Absence == netdiag.NotPermitted || h.Absence == netdiag.Vetoed || h.Absence == netdiag.Hidden || h.Absence == netdiag.OtherUserNamespace) {
		return "; no process that could be looked into has it open: it may have been sent over a unix socket and not yet received, or be another user's"
	}
	switch h.Absence {
	case netdiag.NotPermitted:
		return "; this user may not see which process has it (that takes CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH)"
	case netdiag.Vetoed:
		return "; a security module (AppArmor, SELinux, Landlock) keeps portguard from seeing which process has it"
	case netdiag.Hidden:
		return "; /proc hides other users' processes from this user (hidepid): to see them takes CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
	case netdiag.OtherUserNamespace:
		return "; no process that root of this user namespace may look into has it: look for it from the host"
	case netdiag.OtherPIDNamespace:
		return "; no process in this pid namespace has it: look for it from the host"
	case netdiag.NoProc:
		return "; which process has it cannot be seen without /proc"
	case netdiag.Unsearched:
		return "; no memory or open files were left to look for the process that has it (ulimit -n)"
	case netdiag.StaleSubflow:
		return "; its process is gone, and the kernel is closing the MPTCP connection"
	case netdiag.InRing:
		return "; it is a fixed file of an io_uring"
	case netdiag.MayBeInRing:
		return "; no process has it open: it may be a fixed file of an io_uring, of which this kernel does not tell the sockets, or the kernel's own"
	case netdiag.OfSMC:
		if len(h.Hints) == 0 {
			return "; no process has it open: it may be what is behind a program's SMC socket, which the kernel could not be asked for (smc_diag)"
		}
		return "; it is what is behind an SMC socket, and ends with that"
	case netdiag.InFlight:
		return "; no process has it open: it was probably sent over a unix socket and not yet received"
	case netdiag.Gone:
		return "; no process has it open any more"
	}
	return ""
}
