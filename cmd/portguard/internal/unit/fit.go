package unit

import (
	"fmt"
	"slices"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
	"portguard/wrapper"
)

// fit makes the flags suit a service that sets no SO_REUSEADDR, as its listeners tell: the trial does without it, too, and where
// every placeholder would be in the way of one of its sockets, the port is reserved in place of it.
func (in *unitInstall) fit(svc systemd.Service, listeners []listener) error {
	reuseAddr := func(f netdiag.Flags) sockdiag.Tristate { return f.ReuseAddr }
	bare := slices.DeleteFunc(slices.Clone(listeners), func(l listener) bool { return l.flags.ReuseAddr != sockdiag.No })
	if len(bare) == 0 || in.flags.Changed("reuseaddr") || in.flags.Changed("no-reuseaddr") {
		return nil
	}
	if everyOne(listeners, reuseAddr, sockdiag.No) {
		if in.policy.Share {
			return cli.Misuse(svc.Name+" sets no SO_REUSEADDR, as its sockets show: it cannot start beside a connection, so --share is in vain",
				"portguard unit install "+svc.Name+" --wait 30s")
		}
		if err := in.flags.Set("no-reuseaddr", "true"); err != nil {
			return err
		}
		for i := range in.endpoints {
			in.endpoints[i].ReuseAddr = netdiag.ReuseNo
		}
	}
	if in.options.Reserve.Reserve && in.hold == flags.HoldNone || suited(in.endpoints, bare) {
		return nil
	}
	if in.flags.Changed("hold") && in.hold != flags.HoldNone {
		return cli.Misuse(fmt.Sprintf("%s sets no SO_REUSEADDR, and a socket that holds its port is in its way", svc.Name),
			"portguard unit install "+svc.Name+" --as wrapper --reserve --hold none --wait 30s")
	}
	in.learned = append(in.learned, "it sets no SO_REUSEADDR, so no socket holds its port before it starts: the port is reserved")
	if err := in.flags.Set("reserve", "true"); err != nil || in.form == formPre {
		return err
	}
	in.hold = flags.HoldNone
	return in.flags.Set("hold", string(flags.HoldNone))
}

// suited reports whether each port can be held by a placeholder beside which the service starts whole.
func suited(endpoints []netdiag.Endpoint, service []listener) bool {
	ports := map[uint16][]netdiag.Endpoint{}
	for _, e := range endpoints {
		if e.Protocol == netdiag.TCP {
			ports[e.Port] = append(ports[e.Port], e)
		}
	}
	for port, some := range ports {
		var claims []netdiag.Claim
		for _, l := range service {
			if l.Local.Port() == port {
				claims = append(claims, netdiag.Claim{Addr: l.Local.Addr(), V6Only: l.V6Only == sockdiag.Yes, Device: l.Interface})
			}
		}
		if len(claims) > 0 && !wrapper.Suits(some, claims) {
			return false
		}
	}
	return true
}

// everyOne reports whether all listeners have this answer to a question.
func everyOne(listeners []listener, ask func(netdiag.Flags) sockdiag.Tristate, answer sockdiag.Tristate) bool {
	return len(listeners) > 0 && !slices.ContainsFunc(listeners, func(l listener) bool { return ask(l.flags) != answer })
}
