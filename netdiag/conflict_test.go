package netdiag_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// matrix compares the rule with the kernel: a real holder on a fresh port, then bind() and listen() of every service.
type matrix struct {
	rig     *holders.Rig
	devices map[string]uint32 // name to interface index
	port    uint16
	pairs   int
	missed  bool // see missesMapped
	oldRule bool // see oneForAllIPv6
}

func TestConflictIsTheKernelsRule(t *testing.T) {
	for _, cidr := range []string{"10.99.0.1/32", "10.99.0.2/32", "fd99::1/128", "fd99::2/128"} {
		nstest.Addr(t, cidr)
	}
	m := &matrix{rig: holders.New(t), devices: map[string]uint32{"": 0}, port: 20000}
	m.missed, m.oldRule = missesMapped(t), oneForAllIPv6(t)

	t.Run("tcp client", m.tcpClients)
	t.Run("tcp accepted", m.tcpAccepted)
	t.Run("tcp server", m.tcpServers)
	t.Run("tcp reuseport", m.tcpReusePort)
	t.Run("tcp reuseport of another user", m.tcpReusePortOfAnotherUser)
	t.Run("tcp devices", m.tcpDevices)
	t.Run("tcp freebind", m.tcpFreeBind)
	t.Run("udp bound", m.udpBound)
	t.Run("udp bound by another user", m.udpBoundByAnotherUser)
	t.Run("udp connected", m.udpConnected)
	t.Run("udp devices", m.udpDevices)
	t.Run("udp freebind", m.udpFreeBind)
}

var (
	both     = []bool{false, true}
	oneUser  = []int{0}
	twoUsers = []int{0, 1000}
)

func tcp(o holders.Options) holders.Options { o.Protocol = unix.IPPROTO_TCP; return o }
func udp(o holders.Options) holders.Options { o.Protocol = unix.IPPROTO_UDP; return o }

// addresses makes Options from text; "/v6only" at the end sets V6Only.
func addresses(texts ...string) []holders.Options {
	var all []holders.Options
	for _, s := range texts {
		addr, v6only := strings.CutSuffix(s, "/v6only")
		all = append(all, holders.Options{Addr: netip.MustParseAddr(addr), V6Only: v6only})
	}
	return all
}

// own are the addresses that a connection can have at this end.
func own() []holders.Options { return addresses("10.99.0.1", "fd99::1", "::ffff:10.99.0.1") }

// bindable are the addresses that a server can ask for. The kernel keeps 127.0.0.6 as the IPv4 address of every socket on
// an IPv6 address.
func bindable() []holders.Options {
	return addresses("0.0.0.0", "10.99.0.1", "10.99.0.2", "127.0.0.6", "::", "::/v6only", "fd99::1", "fd99::2",
		"fd99::1/v6only", "::ffff:10.99.0.1", "::ffff:0.0.0.0")
}

// few are enough where addresses are not the question.
func few() []holders.Options { return addresses("0.0.0.0", "10.99.0.1", "::", "fd99::1") }

// with multiplies the options: every one with and without SO_REUSEADDR, with these values of SO_REUSEPORT and users.
func with(base []holders.Options, reusePort []bool, users []int) []holders.Options {
	var all []holders.Options
	for _, o := range base {
		for _, o.ReuseAddr = range both {
			for _, o.ReusePort = range reusePort {
				for _, o.UID = range users {
					all = append(all, o)
				}
			}
		}
	}
	return all
}

var noReusePort = []bool{false}

func specs(state holders.State, protocol func(holders.Options) holders.Options, options []holders.Options, origins ...holders.Origin) []holders.Spec {
	var all []holders.Spec
	for _, o := range options {
		for _, origin := range origins {
			all = append(all, holders.Spec{Options: protocol(o), State: state, Origin: origin})
		}
	}
	return all
}

var connectionStates = []holders.State{
	holders.Established, holders.SynSent, holders.CloseWait, holders.FinWait2, holders.FinWait2Orphan,
	holders.FinWait1Orphan, holders.LastAckOrphan, holders.TimeWait, holders.Reset,
}

func (m *matrix) tcpClients(t *testing.T) {
	for _, state := range connectionStates {
		m.compare(t, string(state), specs(state, tcp, with(own(), noReusePort, oneUser), holders.Named, holders.Picked),
			with(bindable(), noReusePort, oneUser))
	}
}

func (m *matrix) tcpAccepted(t *testing.T) {
	for _, state := range connectionStates {
		if state == holders.SynSent {
			continue
		}
		m.compare(t, string(state),
			specs(state, tcp, with(own(), noReusePort, oneUser), holders.AcceptedWildcard, holders.AcceptedSpecific),
			with(bindable(), noReusePort, oneUser))
	}
}

func (m *matrix) tcpServers(t *testing.T) {
	for _, state := range []holders.State{holders.Listen, holders.Bound} {
		m.compare(t, string(state), specs(state, tcp, with(bindable(), noReusePort, oneUser), holders.Named, holders.Picked),
			with(bindable(), noReusePort, oneUser))
	}
}

func (m *matrix) tcpReusePort(t *testing.T) { m.reusePort(t, oneUser) }

func (m *matrix) tcpReusePortOfAnotherUser(t *testing.T) {
	nstest.Root(t)
	m.reusePort(t, twoUsers)
}

func (m *matrix) reusePort(t *testing.T, users []int) {
	services := with(few(), both, users)
	for _, state := range []holders.State{holders.Listen, holders.Bound} {
		m.compare(t, string(state), specs(state, tcp, with(few(), both[1:], users), holders.Named), services)
	}
	for _, state := range []holders.State{holders.Established, holders.CloseWait, holders.TimeWait, holders.FinWait2Orphan} {
		m.compare(t, string(state),
			specs(state, tcp, with(addresses("10.99.0.1"), both[1:], users), holders.Named, holders.Picked, holders.AcceptedWildcard),
			services)
	}
}

func (m *matrix) tcpDevices(t *testing.T) {
	options := m.onDevices(t, addresses("0.0.0.0", "10.99.0.1", "::"))
	for _, state := range []holders.State{holders.Listen, holders.Bound} {
		m.compare(t, string(state), specs(state, tcp, options, holders.Named), with(options, noReusePort, oneUser))
	}
}

func (m *matrix) udpBound(t *testing.T) { m.udpBoundBy(t, oneUser) }

func (m *matrix) udpBoundByAnotherUser(t *testing.T) {
	nstest.Root(t)
	m.udpBoundBy(t, twoUsers)
}

func (m *matrix) udpBoundBy(t *testing.T, users []int) {
	m.compare(t, "bind", specs(holders.Bound, udp, with(bindable(), both, users), holders.Named),
		with(bindable(), both, users))
}

func (m *matrix) udpConnected(t *testing.T) {
	services := with(bindable(), both, oneUser)
	m.compare(t, "connect", specs(holders.Established, udp, with(own(), both, oneUser), holders.Named, holders.Picked), services)
	m.compare(t, "sendto", specs(holders.Bound, udp, with(addresses("0.0.0.0", "::", "::ffff:0.0.0.0"), both, oneUser), holders.Picked), services)
}

func (m *matrix) udpDevices(t *testing.T) {
	options := m.onDevices(t, addresses("0.0.0.0", "10.99.0.1", "::"))
	m.compare(t, "bind", specs(holders.Bound, udp, options, holders.Named), with(options, noReusePort, oneUser))
}

// absent are addresses that the host does not have, bound all the same.
func absent() []holders.Options {
	all := addresses("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::1/v6only", "::ffff:192.0.2.1")
	for i := range all {
		all[i].FreeBind = true
	}
	return all
}

func (m *matrix) tcpFreeBind(t *testing.T) {
	options := append(absent(), few()...)
	for _, state := range []holders.State{holders.Listen, holders.Bound} {
		m.compare(t, string(state), specs(state, tcp, with(options, noReusePort, oneUser), holders.Named, holders.Picked),
			with(options, noReusePort, oneUser))
	}
}

func (m *matrix) udpFreeBind(t *testing.T) {
	options := append(absent(), few()...)
	m.compare(t, "bind", specs(holders.Bound, udp, with(options, both, oneUser), holders.Named), with(options, both, oneUser))
}

// onDevices multiplies the options by no device, loopback, and another that the test makes.
func (m *matrix) onDevices(t *testing.T, base []holders.Options) []holders.Options {
	t.Helper()
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	m.devices["lo"] = uint32(lo.Index)
	m.devices["d0"] = uint32(nstest.Device(t, "d0", "10.97.0.1/32"))
	var all []holders.Options
	for _, o := range base {
		for _, o.Device = range []string{"", "lo", "d0"} {
			all = append(all, o)
		}
	}
	return all
}

// compare is one subtest: every holder against every service.
func (m *matrix) compare(t *testing.T, name string, specs []holders.Spec, services []holders.Options) {
	t.Run(name, func(t *testing.T) {
		before := m.pairs
		for _, spec := range specs {
			m.compareHolder(t, spec, services)
		}
		isTCP := specs[0].Protocol == unix.IPPROTO_TCP
		if isTCP && m.oldRule {
			t.Log("on this kernel: a TCP service on 127.0.0.6 (and no other address) also conflicts with sockets on any IPv6 address that came there without bind(); they are not named")
		}
		if isTCP && m.missed {
			t.Log("on this kernel: bind() to a v4-mapped address passes over holders on ::ffff:0.0.0.0 (a bug); the trial says what bind() will")
		}
		t.Logf("counted: %d pairs", m.pairs-before)
		if n := m.pairs - before; n < 90 {
			t.Errorf("only %d pairs compared", n)
		}
	})
}

func (m *matrix) compareHolder(t *testing.T, spec holders.Spec, services []holders.Options) {
	t.Helper()
	m.port++
	holder, err := m.rig.Make(m.port, spec)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	protocol := netdiag.Protocol(spec.Protocol)
	// A reset gives the port back, unless the socket had asked for it.
	holds := spec.State != holders.Reset || spec.Origin == holders.Named
	for _, service := range services {
		if m.skips(spec.Options, service) {
			continue
		}
		m.pairs++
		service.Protocol = spec.Protocol
		var want error
		if holds && netdiag.Conflict(protocol, m.serviceClaim(service), m.holderClaim(holder)) {
			want = unix.EADDRINUSE
		}
		got := serve(service, m.port)
		// The record of a closed connection is there a moment before its socket has gone.
		for end := time.Now().Add(time.Second); holder.State.Minisock() && want == nil && got != nil && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
			got = serve(service, m.port)
		}
		if !errors.Is(got, want) {
			t.Errorf("holder: %s\nservice: %s\nthe kernel: %v, the rule: %v", spec, service, got, want)
		}
	}
}

// skips tells the pairs that older kernels judge in another way.
func (m *matrix) skips(holder, service holders.Options) bool {
	if m.oldRule && holder.Protocol == unix.IPPROTO_TCP && service.Addr == netip.AddrFrom4([4]byte{127, 0, 0, 6}) {
		return holder.Addr.Is6() && !holder.Addr.Is4In6() && !holder.Addr.IsUnspecified()
	}
	return m.missed && holder.Protocol == unix.IPPROTO_TCP && holder.Addr.Is4In6() && holder.Addr.Unmap().IsUnspecified() && service.Addr.Is4In6()
}

func serve(service holders.Options, port uint16) error {
	fd, err := service.Bind(port)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if service.Protocol == unix.IPPROTO_UDP {
		return nil
	}
	return os.NewSyscallError("listen", unix.Listen(fd, 1))
}

func (m *matrix) serviceClaim(o holders.Options) netdiag.Claim {
	return netdiag.Claim{
		Addr:      o.Addr,
		V6Only:    o.V6Only || o.Addr.Is6() && !o.Addr.Is4In6() && !o.Addr.IsUnspecified(),
		Device:    m.devices[o.Device],
		ReuseAddr: o.ReuseAddr,
		ReusePort: o.ReusePort,
		UID:       uint32(o.UID),
	}
}

func (m *matrix) holderClaim(h *holders.Holder) netdiag.Claim {
	c := m.serviceClaim(h.Options)
	c.Addr, c.V6Only = h.Local.Addr(), h.V6Only
	c.Listening, c.Minisock = h.State == holders.Listen, h.State.Minisock()
	return c
}
