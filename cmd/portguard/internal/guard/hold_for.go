package guard

import (
	"fmt"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/report"
	"portguard/wrapper"
)

// holdFor has the ports stay held when this process becomes the service, and returns the service's environment: what came
// from systemd for portguard alone is not in it.
func (s *attempt) holdFor(stored *wrapper.Stored, r *wrapper.Report) ([]string, error) {
	a, mode := s.app, s.request.hold
	var all []wrapper.Placeholder
	var err error
	if mode == flags.HoldFDStore {
		if all, err = stored.Store(r); err != nil {
			// A start that would have worked goes on: the port is held as without a store.
			a.Log.Say(cli.MsgHeld, journal.PriWarning, nil, fmt.Sprintf("systemd's fd store cannot be used (%v), so the port is not held over restarts; "+
				"NotifyAccess=main and FileDescriptorStoreMax= in the unit are what it takes", err))
			mode = flags.HoldExec
		}
	}
	if mode == flags.HoldExec {
		all = wrapper.Hold(r)
		if err := wrapper.Inherit(all); err != nil {
			return nil, fmt.Errorf("%w (--hold none does without)", err)
		}
	}
	if text := noRoom(all); text != "" && !s.request.Quiet {
		a.Log.Say(cli.MsgHeld, journal.PriWarning, nil, text)
	}
	for i, p := range all {
		how := fmt.Sprintf("by fd %d", p.FD)
		if mode == flags.HoldFDStore && p.Why == "" {
			how = "in systemd's fd store"
		}
		switch {
		case !s.request.Verbose || s.request.JSON:
		case p.Why != "":
			a.Log.Say(cli.MsgHeld, journal.PriInfo, report.About(&r.Outcomes[i]), fmt.Sprintf("%s: not held: %s", p.Endpoint, p.Why))
		default:
			a.Log.Say(cli.MsgHeld, journal.PriInfo, report.About(&r.Outcomes[i]), fmt.Sprintf("%s: held %s, bound to %s", p.Endpoint, how, p.Where))
		}
	}
	if err := stored.Renumber(); err != nil {
		return nil, err
	}
	return stored.Environ(a.Inherited.Environ), nil
}

// noRoom says how many ports are not held for want of descriptors, "" when all are.
func noRoom(all []wrapper.Placeholder) string {
	n, why := 0, ""
	for _, p := range all {
		if p.NoRoom {
			n, why = n+1, p.Why
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %s are not held: %s", n, cli.Count(len(all)), why)
}
