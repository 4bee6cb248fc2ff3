package ports

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

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
