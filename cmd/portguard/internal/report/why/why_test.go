package why

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/portrange"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper/decide"
)

// closed is what remains of one.
func closed(state sockdiag.State, left time.Duration) sockdiag.Socket {
	s := reporttest.Connection(state)
	s.Expires = left
	return s
}

// What stands around a holder: the container of its owners, and the services that would end with them.
func TestWhyTellsOfContainersAndOtherServices(t *testing.T) {
	const id = "3f4a0e8b5d1c9f27a6b8c0d2e4f60718293a4b5c6d7e8f9012a3b4c5d6e7f809"
	listens := reporttest.Unconnected(unix.IPPROTO_TCP, sockdiag.Listen)
	conmon := owner.Process{PID: 400, InnerPID: 400, Exe: "/usr/bin/conmon", Args: []string{"conmon", "-c", id, "-n", "web"}, Cgroup: "/machine.slice/libpod-conmon-" + id + ".scope"}
	dockerd := owner.Process{PID: 400, InnerPID: 400, Exe: "/usr/sbin/dockerd", Cgroup: "/system.slice/docker.service"}
	nginx := owner.Process{PID: 400, InnerPID: 1, Exe: "/usr/sbin/nginx", Cgroup: "/system.slice/docker-" + id + ".scope"}
	worker := nginx
	worker.InnerPID = 7
	god := owner.Process{PID: 400, InnerPID: 400, Exe: "/usr/bin/node", Cgroup: "/system.slice/pm2-root.service"}
	const another = "a program listens on this port: if it is the service itself, all is well; else another service has it"
	for _, tt := range []struct {
		name   string
		by     owner.Process
		beside []netdiag.Neighbour
		want   string
	}{
		{"a published port", conmon, nil, "conmon keeps container web (podman) running, and its published ports: what comes to this port goes on to it, until it is stopped"},
		{"the engine itself", dockerd, nil, another + "; dockerd runs containers, which need it"},
		{"the main process of a container", nginx, nil, another + "; it is the main process of container 3f4a0e8b5d1c (docker)"},
		{"another process of a container", worker, nil, another + "; it runs in container 3f4a0e8b5d1c (docker)"},
		{"it has started another service", god, []netdiag.Neighbour{{Process: owner.Process{PID: 401, Command: "no\nde"}, Ports: []uint16{30011}, Below: true}},
			another + `; it has started other services, which may end with it: no\nde (pid 401) on 30011`},
		{"another service of its unit", god, []netdiag.Neighbour{{Process: owner.Process{PID: 401, Command: "node"}, Ports: []uint16{30011}}},
			another + "; pm2-root.service has other services as well: node (pid 401) on 30011"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := netdiag.Holder{Kind: netdiag.Listener, Socket: listens, Owners: []owner.Process{tt.by}}
			facts := Facts{Judge: decide.Judge{Around: decide.Around{Services: map[netdiag.SocketID][]netdiag.Neighbour{h.ID(): tt.beside}}}}
			if diff := cmp.Diff(tt.want, Sentence(h, facts)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhy(t *testing.T) {
	wide := Facts{Ephemeral: portrange.Range{Low: 1024, High: 65000}}
	narrow := Facts{Ephemeral: portrange.Range{Low: 32768, High: 60999}}
	itself := reporttest.Connection(sockdiag.Established)
	itself.Remote = itself.Local
	mapped := reporttest.Connection(sockdiag.Established)
	mapped.Remote = netip.MustParseAddrPort("[::ffff:10.11.0.9]:7000")

	for _, tt := range []struct {
		name   string
		holder netdiag.Holder
		facts  Facts
		want   string
	}{
		{"listener", netdiag.Holder{Kind: netdiag.Listener, Socket: reporttest.Unconnected(unix.IPPROTO_TCP, sockdiag.Listen)}, wide,
			"a program listens on this port: if it is the service itself, all is well; else another service has it"},
		{"UDP service", netdiag.Holder{Kind: netdiag.Listener, Socket: reporttest.Unconnected(unix.IPPROTO_UDP, sockdiag.Close)}, wide,
			"a program receives what anybody sends to this port: if it is the service itself, all is well; else another service has it"},
		{"client", netdiag.Holder{Kind: netdiag.Client, Socket: reporttest.Connection(sockdiag.Established)}, wide,
			"an outgoing connection to 10.11.0.9:7000; nobody asked for port 30010: the kernel picked it as an " +
				"ephemeral port from ip_local_port_range 1024-65000"},
		{"client from before the range was changed", netdiag.Holder{Kind: netdiag.Client, Socket: reporttest.Connection(sockdiag.Established)}, narrow,
			"an outgoing connection to 10.11.0.9:7000; the kernel picked port 30010 as an ephemeral port, " +
				"and ip_local_port_range (now 32768-60999) has been changed since"},
		{"client connected to itself", netdiag.Holder{Kind: netdiag.Client, Socket: itself}, wide,
			"a connection of a program to itself, made while the service it looked for was down; nobody asked for port 30010: " +
				"the kernel picked it as an ephemeral port from ip_local_port_range 1024-65000"},
		{"UDP client", netdiag.Holder{Kind: netdiag.Client, Socket: reporttest.Unconnected(unix.IPPROTO_UDP, sockdiag.Close)}, wide,
			"a program sends datagrams from it; nobody asked for port 30010: the kernel picked it as an " +
				"ephemeral port from ip_local_port_range 1024-65000"},
		{"bound client; a v4-mapped peer is an IPv4 address", netdiag.Holder{Kind: netdiag.BoundClient, Socket: mapped}, wide,
			"an outgoing connection to 10.11.0.9:7000 whose program itself asked for port 30010 as its local end"},
		{"accepted", netdiag.Holder{Kind: netdiag.Accepted, Socket: reporttest.Connection(sockdiag.Established)}, wide,
			"the server's end of a connection that 10.11.0.9:7000 made to this port"},
		{"not yet accepted", netdiag.Holder{Kind: netdiag.Accepted, Socket: reporttest.Connection(sockdiag.Established), Absence: netdiag.NotAccepted}, wide,
			"a connection from 10.11.0.9:7000 that waits to be accepted by the listener on this port"},
		{"bound", netdiag.Holder{Kind: netdiag.Bound, Socket: reporttest.Unconnected(unix.IPPROTO_TCP, sockdiag.Close)}, wide,
			"a program asked for this port and does nothing with it: it neither listens nor is it connected, so netstat does not show it"},
		{"placeholder", netdiag.Holder{Kind: netdiag.Bound, Socket: reporttest.Unconnected(unix.IPPROTO_TCP, sockdiag.Close), Flags: netdiag.Flags{Placeholder: true}}, wide,
			"a placeholder of portguard's, which keeps this port for a service: who has it open is portguard, is systemd (--hold fdstore), is that service, or has inherited it from it"},
		{"TIME_WAIT", netdiag.Holder{Kind: netdiag.Remains, Socket: closed(sockdiag.TimeWait, 58300*time.Millisecond), Absence: netdiag.Ownerless}, wide,
			"what is left of a closed connection to 10.11.0.9:7000: the kernel keeps its port for 59s more (TIME_WAIT) " +
				"in case late packets arrive; no process owns it"},
		{"TIME_WAIT, about to end", netdiag.Holder{Kind: netdiag.Remains, Socket: closed(sockdiag.TimeWait, 0), Absence: netdiag.Ownerless}, wide,
			"what is left of a closed connection to 10.11.0.9:7000: the kernel keeps its port for a moment more (TIME_WAIT) " +
				"in case late packets arrive; no process owns it"},
		{"FIN_WAIT2", netdiag.Holder{Kind: netdiag.Remains, Socket: closed(sockdiag.FinWait2, 60*time.Second), Absence: netdiag.Ownerless}, wide,
			"its program has closed this connection to 10.11.0.9:7000, which has not closed its own end; " +
				"the kernel gives up after at most 60s (FIN_WAIT2); no process owns it"},
		{"closing", netdiag.Holder{Kind: netdiag.Closing, Socket: reporttest.Connection(sockdiag.FinWait1), Absence: netdiag.Ownerless}, wide,
			"its program has closed this connection to 10.11.0.9:7000, but the kernel still has data to deliver; " +
				"it ends when that is done or given up"},
		{"kernel, UDP", netdiag.Holder{Kind: netdiag.Kernel, Socket: reporttest.Unconnected(unix.IPPROTO_UDP, sockdiag.Close), Absence: netdiag.OfKernel}, wide,
			"the kernel itself uses this port, for a tunnel (WireGuard, VXLAN) or the like; there is no process to end: " +
				"wg show and ip -d link name the devices and their ports"},
		{"kernel, TCP", netdiag.Holder{Kind: netdiag.Kernel, Socket: reporttest.Unconnected(unix.IPPROTO_TCP, sockdiag.Listen), Absence: netdiag.OfKernel}, wide,
			"the kernel itself uses this port, for NFS, iSCSI or the like; there is no process to end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Sentence(tt.holder, tt.facts)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Where no process can be named, the sentence says why. Nobody is never guessed.
func TestWhyNobodyIsNamed(t *testing.T) {
	listens := "a program listens on this port: if it is the service itself, all is well; else another service has it"
	for _, tt := range []struct {
		absence netdiag.Absence
		want    string
	}{
		{netdiag.Shown, ""},
		{netdiag.NotPermitted, "; this user may not see which process has it (that takes CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH)"},
		{netdiag.Vetoed, "; a security module (AppArmor, SELinux, Landlock) keeps portguard from seeing which process has it"},
		{netdiag.Hidden, "; /proc hides other users' processes from this user (hidepid): to see them takes CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"},
		{netdiag.OtherUserNamespace, "; no process that root of this user namespace may look into has it: look for it from the host"},
		{netdiag.OtherPIDNamespace, "; no process in this pid namespace has it: look for it from the host"},
		{netdiag.NoProc, "; which process has it cannot be seen without /proc"},
		{netdiag.Unsearched, "; no memory or open files were left to look for the process that has it (ulimit -n)"},
		{netdiag.StaleSubflow, "; its process is gone, and the kernel is closing the MPTCP connection"},
		{netdiag.InRing, "; it is a fixed file of an io_uring"},
		{netdiag.MayBeInRing, "; no process has it open: it may be a fixed file of an io_uring, of which this kernel does not tell the sockets, or the kernel's own"},
		{netdiag.OfSMC, "; no process has it open: it may be what is behind a program's SMC socket, which the kernel could not be asked for (smc_diag)"},
		{netdiag.InFlight, "; no process has it open: it was probably sent over a unix socket and not yet received"},
		{netdiag.Gone, "; no process has it open any more"},
	} {
		h := netdiag.Holder{Kind: netdiag.Listener, Socket: reporttest.Unconnected(unix.IPPROTO_TCP, sockdiag.Listen), Absence: tt.absence}
		if diff := cmp.Diff(listens+tt.want, Sentence(h, Facts{})); diff != "" {
			t.Errorf("absence %d (-want +got)\n%s", tt.absence, diff)
		}
	}
}

// Who may have it in flight is named, and so it is not said that nobody could be.
func TestWhyOfWhatMayBeInFlight(t *testing.T) {
	h := netdiag.Holder{Kind: netdiag.Listener, Socket: reporttest.Unconnected(unix.IPPROTO_TCP, sockdiag.Listen), Absence: netdiag.NotPermitted,
		Hints: []owner.Hint{{Kind: owner.HintInFlight, Process: owner.Process{PID: 7}}}}
	if got := whoIsMissing(h); strings.Contains(got, "CAP_") || !strings.Contains(got, "unix socket") {
		t.Errorf("%q", got)
	}
}
