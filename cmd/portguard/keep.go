package main

import (
	"fmt"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/wrapper"
)

// keep makes the ports stay held when this process becomes the service, and returns the service's environment: what came
// from systemd for portguard alone is not in it.
func (a *app) keep(mode holdMode, stored *wrapper.Stored, r *wrapper.Report, o options) ([]string, error) {
	var all []wrapper.Placeholder
	var err error
	if mode == holdFDStore {
		if all, err = stored.Keep(r); err != nil {
			// A start that would have worked goes on: the port is held as without a store.
			a.log.say(msgHeld, journal.PriWarning, nil, fmt.Sprintf("systemd's fd store cannot be used (%v), so the port is not held over restarts; "+
				"NotifyAccess=main and FileDescriptorStoreMax= in the unit are what it takes", err))
			mode = holdExec
		}
	}
	if mode == holdExec {
		all = wrapper.Hold(r)
		for i := range all {
			if err := all[i].Keep(); err != nil {
				return nil, fmt.Errorf("%s: keep the placeholder for the service: %w (--hold none does without)", all[i].Endpoint, err)
			}
		}
	}
	inStore := 0
	for i, p := range all {
		how := fmt.Sprintf("by fd %d", p.FD)
		if mode == holdFDStore && p.Why == "" {
			how = "in systemd's fd store"
			inStore++
		}
		switch {
		case !o.verbose || o.json:
		case p.Why != "":
			a.log.say(msgHeld, journal.PriInfo, &r.Outcomes[i], fmt.Sprintf("%s: not held: %s", p.Endpoint, p.Why))
		default:
			a.log.say(msgHeld, journal.PriInfo, &r.Outcomes[i], fmt.Sprintf("%s: held %s, bound to %s", p.Endpoint, how, p.Where))
		}
	}
	return stored.Hide(a.inherited.Environ, inStore)
}
