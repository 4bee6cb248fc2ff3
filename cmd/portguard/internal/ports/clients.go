package ports

import (
	"context"
	"fmt"
	"slices"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/cmd/portguard/internal/report/advise"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper"
	"portguard/wrapper/decide"
	"portguard/wrapper/hold"
)

// warnOfClients names the outgoing connections that already have one of the ports: a reservation leaves them there.
func warnOfClients(a *cli.App, ports portrange.Set) {
	r, err := whoSits(context.Background(), ports)
	if err != nil {
		fmt.Fprintf(a.Stderr, "portguard: whether somebody already has %s cannot be asked: %s\n", ports, page.Safe(err.Error()))
		return
	}
	defer r.Release()
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		clients := slices.ContainsFunc(o.Holders, func(h netdiag.Holder) bool { return h.Kind == netdiag.Client || h.Kind == netdiag.BoundClient })
		if o.Trial.Verdict != netdiag.Taken || !clients {
			continue
		}
		fmt.Fprintf(a.Stderr, "portguard: %s is taken already, and stays so: %s\n", o.Endpoint, report.HolderText(o))
		for _, help := range advise.Lines(&wrapper.Report{Outcomes: r.Outcomes[i : i+1], Judge: r.Judge}, advise.Facts{}) {
			fmt.Fprintf(a.Stderr, "hint: %s   %s\n", help.Command, help.Effect)
		}
	}
}

// whoSits tries those of the ports that have sockets, without touching one.
func whoSits(ctx context.Context, ports portrange.Set) (*wrapper.Report, error) {
	var ranges []sockdiag.PortRange
	for _, r := range ports {
		ranges = append(ranges, sockdiag.PortRange{First: r.Low, Last: r.High})
	}
	diag, err := sockdiag.Dial()
	if err != nil {
		return nil, err
	}
	defer diag.Close()
	var endpoints []netdiag.Endpoint
	for _, proto := range []netdiag.Protocol{netdiag.TCP, netdiag.UDP} {
		sockets, err := diag.Dump(ctx, sockdiag.Query{Protocol: uint8(proto), Ports: ranges})
		if err != nil {
			return nil, err
		}
		endpoints = append(endpoints, connected(proto, sockets)...)
	}
	if err := hold.EnoughFiles(len(endpoints)); err != nil {
		return nil, err
	}
	g := wrapper.New(decide.Policy{}, nil)
	defer g.Close()
	return g.Run(ctx, endpoints)
}

// connected are the ports on which there is a socket but no listener, each once.
func connected(proto netdiag.Protocol, sockets []sockdiag.Socket) []netdiag.Endpoint {
	var some, listening []uint16
	for _, s := range sockets {
		if s.State == sockdiag.Listen {
			listening = append(listening, s.Local.Port())
		} else {
			some = append(some, s.Local.Port())
		}
	}
	var endpoints []netdiag.Endpoint
	for _, r := range portrange.Of(some...).Minus(portrange.Of(listening...)) {
		for port := int(r.Low); port <= int(r.High); port++ {
			endpoints = append(endpoints, netdiag.Endpoint{Protocol: proto, Port: uint16(port)})
		}
	}
	return endpoints
}
