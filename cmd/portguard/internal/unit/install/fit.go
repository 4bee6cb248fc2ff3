package install

import (
	"fmt"
	"slices"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/unit/listens"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
)

// fit makes the flags suit a service that sets no SO_REUSEADDR, as its listeners tell: the trial does without it, too, and where
// every placeholder would be in the way of one of its sockets, the port is reserved in place of it.
func (in *installation) fit(svc systemd.Service, listeners []listens.Listener) error {
	reuseAddr := func(f netdiag.Flags) sockdiag.Tristate { return f.ReuseAddr }
	bare := slices.DeleteFunc(slices.Clone(listeners), func(l listens.Listener) bool { return l.Flags.ReuseAddr != sockdiag.No })
	if len(bare) == 0 || in.flags.Changed("reuseaddr") || in.flags.Changed("no-reuseaddr") {
		return nil
	}
	if listens.Every(listeners, reuseAddr, sockdiag.No) {
		if in.policy.Share {
			return cli.Misuse(svc.Name+" sets no SO_REUSEADDR, as its sockets show: it cannot start beside a connection, so --share is in vain",
				"portguard unit install "+in.theirs(svc.Name)+" --wait 30s")
		}
		if err := in.flags.Set("no-reuseaddr", "true"); err != nil {
			return err
		}
		for i := range in.endpoints {
			in.endpoints[i].ReuseAddr = netdiag.ReuseNo
		}
	}
	if in.options.Reserve.Reserve && in.hold == flags.HoldNone || listens.Suited(in.endpoints, bare) {
		return nil
	}
	if in.flags.Changed("hold") && in.hold != flags.HoldNone {
		return cli.Misuse(fmt.Sprintf("%s sets no SO_REUSEADDR, and a socket that holds its port is in its way", svc.Name),
			"portguard unit install "+in.theirs(svc.Name)+" --as wrapper --reserve --hold none --wait 30s")
	}
	in.learned = append(in.learned, "it sets no SO_REUSEADDR, so no socket holds its port before it starts: the port is reserved")
	if err := in.flags.Set("reserve", "true"); err != nil || in.form == FormPre {
		return err
	}
	in.hold = flags.HoldNone
	return in.flags.Set("hold", string(flags.HoldNone))
}
