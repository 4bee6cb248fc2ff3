package audit

import (
	"cmp"
	"slices"
	"time"

	"portguard/netdiag"
	"portguard/netdiag/elsewhere"
	"portguard/netdiag/nat"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/risk"
)

// result is what an audit has found.
type result struct {
	facts   portrange.Facts
	load    risk.Summary
	use     risk.Use
	sample  time.Duration // as long as it took
	opened  uint64        // outgoing connections in it
	recycle uint64        // of them, those that took over a TIME_WAIT's port
	down    time.Duration
	rows    []entry       // ordered by port
	planned portrange.Set // every port that was asked for by a service, or about here
	asked   portrange.Set
	resting portrange.Set // ports that enabled units' files name, and nobody may have now
	model   *risk.Model
	boot    atBoot
	clients []uint16 // ports of outgoing connections and UDP sockets, as often as there are any
	limits  []string // what could not be seen
	// firewall is nil where its rules could not be read. unseen says why, or what of them was not: that takes more than the rest does, and is no limit of the audit's.
	firewall *nat.Rules
	unseen   string
	// elsewhere are the services that have no row, since the kernel picks none of their ports.
	elsewhere []string
	// away are the servers of other network namespaces.
	away []elsewhere.Server
}

// entry is one port of one protocol.
type entry struct {
	netdiag.Port
	asked    bool
	units    []string                  // which are guarded and have this port
	services []netdiag.Holder          // sockets that serve here; several share a port by fork, SO_REUSEPORT, or addresses
	clients  []netdiag.Holder          // connections that have the port instead, or beside
	passed   map[netdiag.SocketID]bool // those of them that no start fails by
	inRange  bool
	reserved bool
	chance   risk.Estimate
	halves   []half
	// diversions: the firewall sends clients elsewhere.
	diversions []nat.Diversion
}

// exposed: the kernel may pick the port at any time that it is free.
func (r entry) exposed() bool { return r.inRange && !r.reserved }

// taken: somebody's connection has the port now. What is left of a closed one goes away by itself.
func (r entry) taken() bool { return len(r.squatters()) > 0 }

// squatters are the connections that have the port now.
func (r entry) squatters() []netdiag.Holder {
	return slices.DeleteFunc(slices.Clone(r.clients), func(h netdiag.Holder) bool { return h.Kind == netdiag.Remains || r.passes(h) })
}

// passes: the service starts beside the connection, as --share has made room for it, or it is on another address.
func (r entry) passes(h netdiag.Holder) bool { return r.passed[h.ID()] }

// halfUp: a service has its port in one family alone, for somebody else has it in the other.
func (r entry) halfUp() bool { return len(r.halves) > 0 }

func (r entry) atRisk() bool { return r.exposed() || r.taken() || r.halfUp() }

// unguarded: a start that finds the port taken fails.
func (r entry) unguarded() bool { return r.atRisk() && len(r.units) == 0 }

// atRisk decides the exit status.
func (r *result) atRisk() bool {
	return slices.ContainsFunc(r.rows, entry.atRisk) || r.boot.wrong()
}

// exposed are the ports that a reservation would help.
func (r *result) exposed() portrange.Set {
	return r.portsWhere(entry.exposed)
}

// limit says once what this user could not see.
func (r *result) limit(why netdiag.Absence) {
	var text string
	switch why {
	case netdiag.NotPermitted:
		text = "which processes have some of the sockets is closed to this user: that takes root, or CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
	case netdiag.Vetoed:
		text = "which processes have some of the sockets cannot be seen: a security module (AppArmor, SELinux, Landlock) forbids it"
	case netdiag.Hidden:
		text = "/proc hides other users' processes from this user (hidepid): root sees them"
	case netdiag.OtherUserNamespace:
		text = "some sockets belong to processes that root of this user namespace may not look into: the host sees them"
	case netdiag.OtherPIDNamespace:
		text = "some sockets belong to processes outside this pid namespace: the host sees them"
	case netdiag.NoProc:
		text = "which processes have the sockets cannot be seen without /proc"
	case netdiag.Unsearched:
		text = "no memory or open files were left to look for the processes that have the sockets (ulimit -n)"
	default:
		return
	}
	r.note(text)
}

func (r *result) note(text string) {
	if !slices.Contains(r.limits, text) {
		r.limits = append(r.limits, text)
	}
}

// risky are the ports of the rows at risk.
func (r *result) risky() portrange.Set { return r.portsWhere(entry.atRisk) }

// served are the ports of the rows on which something listens.
func (r *result) served() portrange.Set {
	return r.portsWhere(func(row entry) bool { return len(row.services) > 0 })
}

func (r *result) countWhere(wanted func(entry) bool) int {
	n := 0
	for _, row := range r.rows {
		if wanted(row) {
			n++
		}
	}
	return n
}

func (r *result) portsWhere(wanted func(entry) bool) portrange.Set {
	var ports []uint16
	for _, row := range r.rows {
		if wanted(row) {
			ports = append(ports, row.Number)
		}
	}
	return portrange.Of(ports...)
}

// gathering is rows that are being filled.
type gathering struct {
	facts     portrange.Facts
	rows      map[netdiag.Port]*entry
	elsewhere map[netdiag.Port]*entry // services on ports that are not picked and that nobody has asked about
	watched   map[netdiag.Port]bool   // whose clients are told, too
}

func (g *gathering) row(k netdiag.Port) *entry {
	if g.rows[k] == nil {
		g.rows[k] = &entry{Port: k, inRange: g.facts.Range.Contains(k.Number), reserved: g.facts.Reserved.Contains(k.Number)}
	}
	return g.rows[k]
}

// watch makes a row, whether anybody has the port or not.
func (g *gathering) watch(k netdiag.Port) *entry {
	g.watched[k] = true
	return g.row(k)
}

// add puts a socket into its row. False: it is a service's elsewhere.
func (g *gathering) add(h netdiag.Holder) bool {
	k := portOf(h.Socket)
	if !g.facts.Range.Contains(k.Number) && !g.watched[k] {
		if g.elsewhere[k] == nil {
			g.elsewhere[k] = &entry{Port: k}
		}
		g.elsewhere[k].services = append(g.elsewhere[k].services, h)
		return false
	}
	if to := g.row(k); h.Kind == netdiag.Listener || h.Kind == netdiag.Kernel && h.Socket.Remote.Port() == 0 {
		to.services = append(to.services, h)
	} else {
		to.clients = append(to.clients, h)
	}
	return true
}

func comparePorts(a, b entry) int {
	return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Protocol, b.Protocol))
}
