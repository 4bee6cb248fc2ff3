package install

import (
	"context"
	"slices"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/unit/listens"
	"portguard/netdiag"
	"portguard/systemd"
)

// settleEndpoints finds the endpoints when none were given, and keeps off those whose sockets are systemd's.
func (in *installation) settleEndpoints(ctx context.Context, m *systemd.Manager, svc systemd.Service) error {
	activated, err := activatedPorts(ctx, m, svc)
	if err != nil {
		return err
	}
	for _, e := range in.endpoints {
		if unit, ok := activated[netdiag.Port{Protocol: e.Protocol, Number: e.Port}]; ok {
			return activatedError(svc, e, unit)
		}
	}
	if len(in.endpoints) > 0 {
		return in.learnRunning(ctx, svc)
	}
	withPort := func(port string) string { return "portguard unit install " + in.theirs(svc.Name) + " -p " + port }
	right := withPort("30010")
	switch {
	case svc.PrivateNetwork || svc.NetworkNSPath != "":
		return cli.Misuse(svc.Name+" listens in a network namespace of its own: its endpoints cannot be found from here", right)
	case svc.ControlGroup == "":
		return cli.Misuse(svc.Name+" does not run: its endpoints cannot be found", right)
	}
	listeners, err := listens.Of(ctx, in.unit(svc))
	if err != nil {
		return err
	}
	var own []listens.Listener
	for _, l := range listeners {
		if unit, ok := activated[netdiag.Port{Protocol: netdiag.TCP, Number: l.Local.Port()}]; !ok {
			own = append(own, l)
		} else if len(listeners) == 1 {
			return activatedError(svc, netdiag.Endpoint{Protocol: netdiag.TCP, Port: l.Local.Port()}, unit)
		}
	}
	own, in.learned = listens.Whole(own, listens.WhoHasFour(ctx))
	found, err := listens.Endpoints(own)
	switch {
	case err != nil:
		return cli.Misuse(svc.Name+" "+err.Error(), right)
	case len(found) == 0:
		return cli.Misuse(svc.Name+" listens on no planned TCP port: there is nothing to guard", right)
	}
	if err := in.flags.Parse(flags.OfEndpoints(found)); err != nil { // beside those that were given
		return err
	}
	if in.endpoints, err = in.options.Endpoints(withPort); err != nil {
		return err
	}
	in.running = own
	return in.fit(svc, own)
}

// unit is a service as its sockets know it, by the cgroup of its processes. A unit of a user's may have the name of one of the system's.
func (in *installation) unit(svc systemd.Service) systemd.Unit {
	if !in.User {
		return systemd.Unit{Name: svc.Name}
	}
	if u, ok := systemd.UnitOfCgroup(svc.ControlGroup); ok && u.User {
		return u
	}
	return systemd.Unit{Name: svc.Name, User: true} // nobody's
}

// learnRunning is for endpoints that were given: where the service listens on them right now, its sockets tell what it takes to
// start it. Where they cannot be seen, nothing is learned.
func (in *installation) learnRunning(ctx context.Context, svc systemd.Service) error {
	if svc.ControlGroup == "" || svc.PrivateNetwork || svc.NetworkNSPath != "" {
		return nil
	}
	listeners, err := listens.Of(ctx, in.unit(svc))
	if err != nil {
		return nil
	}
	guarded := func(l listens.Listener) bool {
		return slices.ContainsFunc(in.endpoints, func(e netdiag.Endpoint) bool { return e.Protocol == netdiag.TCP && e.Port == l.Local.Port() })
	}
	in.running = slices.DeleteFunc(listeners, func(l listens.Listener) bool { return !guarded(l) })
	return in.fit(svc, in.running)
}
