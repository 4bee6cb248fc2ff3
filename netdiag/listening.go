package netdiag

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/netdiag/sockdiag"
)

// Listening lists the sockets that listen on the ports of endpoints, whatever their addresses. Of UDP, where nobody listens, they are
// those that are bound to a port which somebody asked for, and not connected. It takes the kernel some microseconds, however many
// connections there are.
func (p *Prober) Listening(ctx context.Context, endpoints []Endpoint) ([]sockdiag.Socket, error) {
	var all []sockdiag.Socket
	for _, proto := range []Protocol{TCP, UDP} {
		q := sockdiag.Query{Protocol: uint8(proto), Ports: portsOfEndpoints(endpoints, proto)}
		if len(q.Ports) == 0 {
			continue
		}
		if proto == TCP {
			q.States = sockdiag.MaskOf(sockdiag.Listen)
		}
		some, err := p.receiving(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// receiving lists what a query is about, and leaves out what receives from nobody or one peer alone.
func (p *Prober) receiving(ctx context.Context, q sockdiag.Query) ([]sockdiag.Socket, error) {
	diag, err := p.Diag()
	if err == nil {
		q.Named = q.Protocol == uint8(UDP)
		var some []sockdiag.Socket
		if some, err = diag.Dump(ctx, q); err == nil {
			return slices.DeleteFunc(some, func(s sockdiag.Socket) bool { return s.Remote.Port() != 0 }), nil
		}
	}
	if !errors.Is(err, sockdiag.ErrUnsupported) {
		return nil, err
	}
	p.degraded = err
	wanted := map[uint16]bool{}
	for _, r := range q.Ports {
		wanted[r.First] = true
	}
	some, perr := procSockets(Protocol(q.Protocol), wanted)
	if perr != nil {
		return nil, errors.Join(err, perr)
	}
	return slices.DeleteFunc(some, func(s sockdiag.Socket) bool {
		return s.Remote.Port() != 0 || q.States != 0 && q.States&sockdiag.MaskOf(s.State) == 0
	}), nil
}

// InTheWay names who stands in the way of each of some endpoints, where nobody may bind them to find out: a service that sets no
// SO_REUSEADDR and is just about to would fail for it. Where the kernel's tables show no socket that may be in the way, nothing is bound at
// all. Where they do, addresses of such sockets may be: there, such a service fails as it is.
//
// Of an endpoint whose holders come and go with every look, none is told. An error means that the kernel could not be asked.
func (p *Prober) InTheWay(ctx context.Context, endpoints []Endpoint) ([][]Holder, error) {
	findings := make([]*Finding, len(endpoints))
	for i, e := range endpoints {
		findings[i] = &Finding{Endpoint: e, Trial: Trial{Verdict: Taken, FD: -1, Claim: e.Claims(uint32(unix.Geteuid()))[0]}}
	}
	for attempt, unsure := 0, findings; attempt < attempts && len(unsure) > 0; attempt++ {
		var err error
		if _, unsure, err = p.find(ctx, unsure); err != nil {
			return nil, err
		}
	}
	holders := make([][]Holder, len(endpoints))
	for i, f := range findings {
		holders[i] = f.Holders
	}
	return holders, nil
}

// Owned completes sockets of Listening with the processes that have them.
func (p *Prober) Owned(ctx context.Context, sockets []sockdiag.Socket) []Holder {
	return p.Identify(ctx, &Survey{tables: newTables()}, sockets)
}

func portsOfEndpoints(endpoints []Endpoint, proto Protocol) []sockdiag.PortRange {
	var ports []sockdiag.PortRange
	for _, e := range endpoints {
		if e.Protocol == proto {
			ports = append(ports, sockdiag.PortRange{First: e.Port, Last: e.Port})
		}
	}
	return ports
}
