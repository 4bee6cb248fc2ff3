package ports

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
	"portguard/netdiag/sockdiag"
)

// rangeState is all that a range is judged by.
type rangeState struct {
	kernel   portrange.Range
	reserved portrange.Set
	lowest   uint16 // ip_unprivileged_port_start: the kernel refuses a range that begins below it
	config   sysctld.Config
	file     []byte // ours
	// listening are the ports with a TCP listener or an unconnected UDP socket whose port was asked for.
	listening portrange.Set
	clients   []sockdiag.Socket // and what is left of them
}

// readRange reads what is, and with files what the next boot will bring.
func readRange(files bool) (rangeState, error) {
	var s rangeState
	var err error
	if s.kernel, err = portrange.Ephemeral(); err != nil {
		return s, err
	}
	if s.reserved, err = portrange.Reserved(); err != nil {
		return s, err
	}
	if files {
		if err := s.readFiles(); err != nil {
			return s, err
		}
	}
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if err != nil {
		return s, err
	}
	lowest, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 16)
	if err != nil {
		return s, fmt.Errorf("ip_unprivileged_port_start: %w", err)
	}
	s.lowest = uint16(lowest)
	return s, s.readSockets(context.Background())
}

func (s *rangeState) readFiles() (err error) {
	if s.config, err = sysctld.Read("/"); err == nil {
		s.file, err = readOwn(RangePath)
	}
	return err
}

// readSockets tells services from clients: a port with a listener is a service's, accepted connections included.
func (s *rangeState) readSockets(ctx context.Context) error {
	diag, err := sockdiag.Dial()
	if err != nil {
		return err
	}
	defer diag.Close()
	tcp, err := diag.Dump(ctx, sockdiag.Query{Protocol: uint8(netdiag.TCP), Info: true})
	if err != nil {
		return err
	}
	udp, err := diag.Dump(ctx, sockdiag.Query{Protocol: uint8(netdiag.UDP)})
	if err != nil {
		return err
	}
	askedFor, err := diag.Dump(ctx, sockdiag.Query{Protocol: uint8(netdiag.UDP), Named: true})
	if err != nil {
		return err
	}
	var listening []uint16
	for _, t := range tcp {
		if t.State == sockdiag.Listen {
			listening = append(listening, t.Local.Port())
		}
	}
	tcpServices := portrange.Of(listening...)
	for _, t := range tcp {
		if t.Remote.Port() != 0 && !tcpServices.Contains(t.Local.Port()) && t.Opened != sockdiag.OpenedPassively {
			s.clients = append(s.clients, t)
		}
	}
	named := map[uint64]bool{}
	for _, u := range askedFor {
		named[u.Cookie] = true
	}
	for _, u := range udp {
		switch {
		case !named[u.Cookie]:
			s.clients = append(s.clients, u)
		case u.Remote.Port() == 0:
			listening = append(listening, u.Local.Port())
		}
	}
	s.listening = portrange.Of(listening...)
	return nil
}

// inUse is how many ports of a range clients have, of the protocol that has more.
func (s rangeState) inUse(r portrange.Range) int {
	ports := map[uint8][]uint16{}
	for _, c := range s.clients {
		if r.Contains(c.Local.Port()) {
			ports[c.Protocol] = append(ports[c.Protocol], c.Local.Port())
		}
	}
	most := 0
	for _, p := range ports {
		most = max(most, portrange.Of(p...).Len())
	}
	return most
}

// usable is how many ports the kernel could pick.
func (s rangeState) usable(r portrange.Range) int { return portrange.Set{r}.Minus(s.reserved).Len() }

// refuse is why a range must not be set, if it must not.
func (s rangeState) refuse(r portrange.Range, force bool) error {
	if r.Low < s.lowest {
		right := portrange.Range{Low: s.lowest, High: r.High}
		if right.High <= right.Low || s.refuse(right, force) != nil {
			right = portrange.Range{Low: 32768, High: 60999} // the kernel's own
		}
		return cli.Misuse(
			fmt.Sprintf("%s begins below net.ipv4.ip_unprivileged_port_start (%d), which the kernel does not take", r, s.lowest),
			fmt.Sprintf("portguard range %s", right), mend.Instead(right.String()),
		)
	}
	usable, inUse := s.usable(r), s.inUse(s.kernel) // who has a port now needs one then
	switch {
	case force, r == s.kernel, usable >= portrange.Fewest && usable >= inUse:
		return nil
	case usable < portrange.Fewest:
		return s.tooFew(r, fmt.Sprintf("%s leaves %s for outgoing connections, fewer than %d (--force does it)", r, page.Count(usable), portrange.Fewest))
	}
	return s.tooFew(r, fmt.Sprintf("%s leaves %d ports, and %d are in use now (--force does it)", r, usable, inUse))
}

// sayInside tells what lies inside and outside of a range.
func (s rangeState) sayInside(w io.Writer, r portrange.Range) {
	inside := portrange.Set{r}
	fmt.Fprintf(w, "ports      %d, %d of them reserved, %d in use now\n", inside.Len(), inside.Len()-s.usable(r), s.inUse(r))
	if r.Low%2 == r.High%2 {
		fmt.Fprintf(w, "parity     low and high are both %s\n", portrange.Parity(r.Low))
	}
	services := s.listening.Intersect(inside)
	if free := services.Minus(s.reserved); len(free) > 0 {
		fmt.Fprintf(w, "at risk    %s: services listen there, and the kernel may pick them: portguard reserve %s\n", free, free)
	}
	if safe := s.reserved.Intersect(inside); len(safe) > 0 {
		fmt.Fprintf(w, "reserved   %s inside\n", safe)
	}
	s.sayOutside(w, r)
}

// sayOutside names clients on ports that the kernel would not pick any more: they stay where they are. What remains of
// closed ones comes last, since it goes by itself.
func (s rangeState) sayOutside(w io.Writer, r portrange.Range) {
	outside := slices.DeleteFunc(slices.Clone(s.clients), func(c sockdiag.Socket) bool { return r.Contains(c.Local.Port()) })
	slices.SortStableFunc(outside, func(a, b sockdiag.Socket) int {
		return cmp.Compare(min(b.Inode, 1), min(a.Inode, 1))
	})
	more := len(outside) - report.MaxHolders
	for _, c := range outside[:min(len(outside), report.MaxHolders)] {
		peer := ""
		if c.Remote.Port() != 0 {
			peer = " -> " + netdiag.Plain(c.Remote).String()
		}
		until := "until it is closed"
		if c.Inode == 0 {
			until = "for a minute at most" // TIME_WAIT, FIN_WAIT2
		}
		fmt.Fprintf(w, "outside    %s%s  %s, %s\n", netdiag.Plain(c.Local), peer, c.State, until)
	}
	if more > 0 {
		fmt.Fprintf(w, "           and %d more\n", more)
	}
}

// tooFew shows the kernel's own range, where that is not refused as well.
func (s rangeState) tooFew(r portrange.Range, problem string) error {
	own := portrange.Range{Low: 32768, High: 60999}
	if r == own || s.refuse(own, false) != nil {
		return cli.Misuse(problem, "portguard range --force "+r.String(), mend.Named("--force"))
	}
	return cli.Misuse(problem, "portguard range "+own.String(), mend.Instead(own.String()))
}
