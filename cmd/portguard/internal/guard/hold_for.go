package guard

import (
	"fmt"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/wrapper"
	"portguard/wrapper/hold"
)

// holdFor has the ports stay held when this process becomes the service, and returns the service's environment: what came
// from systemd for portguard alone is not in it.
func (s *attempt) holdFor(stored *hold.Stored, r *wrapper.Report) ([]string, error) {
	a, mode := s.app, s.request.hold
	var all hold.Placeholders
	var err error
	if mode == flags.HoldFDStore {
		if all, err = stored.Store(r.Findings()); err != nil {
			// A start that would have worked goes on: the port is held as without a store.
			a.Log.Say(cli.MsgHeld, journal.PriWarning, nil, fmt.Sprintf("systemd's fd store cannot be used (%v), so the port is not held over restarts; "+
				"NotifyAccess=main and FileDescriptorStoreMax= in the unit are what it takes", err))
			mode = flags.HoldExec
		}
	}
	if mode == flags.HoldExec {
		all = s.guard.Hold(r)
		if err := all.Inherit(); err != nil {
			return nil, fmt.Errorf("%w (--hold none does without)", err)
		}
	}
	if text := noRoom(all); text != "" && !s.request.Quiet {
		a.Log.Say(cli.MsgHeld, journal.PriWarning, nil, text)
	}
	if s.request.Verbose && !s.request.JSON {
		s.sayHeld(r, all, func(p *hold.Placeholder) string {
			if mode == flags.HoldFDStore {
				return "in systemd's fd store"
			}
			return fmt.Sprintf("by fd %d", p.FD)
		})
	}
	if err := stored.Renumber(); err != nil {
		return nil, err
	}
	return stored.Environ(a.Inherited.Environ), nil
}

// sayHeld says of every endpoint that was to be held how it is, or why it is not.
func (s *attempt) sayHeld(r *wrapper.Report, all []hold.Placeholder, how func(*hold.Placeholder) string) {
	by := make(map[netdiag.Endpoint]*hold.Placeholder, len(r.Outcomes))
	for i := range all {
		for _, e := range all[i].Endpoints {
			by[e] = &all[i]
		}
	}
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		p, ok := by[o.Endpoint]
		if !ok {
			continue
		}
		text := fmt.Sprintf("%s: not held: %s", o.Endpoint, p.Why)
		if p.Why == "" {
			text = fmt.Sprintf("%s: held %s, bound to %s", o.Endpoint, how(p), p.Where)
		}
		s.app.Log.Say(cli.MsgHeld, journal.PriInfo, report.About(o), text)
	}
}

// noRoom says how many ports are not held for want of descriptors, "" when all are.
func noRoom(all []hold.Placeholder) string {
	n, of, why := 0, 0, ""
	for _, p := range all {
		of += len(p.Endpoints)
		if p.NoRoom {
			n, why = n+len(p.Endpoints), p.Why
		}
	}
	if n == 0 {
		return ""
	}
	if of == 1 {
		return "the port is not held: " + why
	}
	return fmt.Sprintf("%d of %s are not held: %s", n, page.Count(of), why)
}
