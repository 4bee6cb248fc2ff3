package ports

import (
	"fmt"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
)

// changeReserved is both commands: read, plan, say or do.
func changeReserved(a *cli.App, command string, args []string, ports portrange.Set, o sysctlOptions, plan func(reserved.State, portrange.Set, reserved.Scope) reserved.Change) error {
	err := apply(a, command, args, o, func(s reserved.State) (portrange.Set, reserved.Change) { return ports, plan(s, ports, o.scope()) })
	if command == "reserve" && err == nil {
		warnOfClients(a, ports)
	}
	return err
}

// renewReserved is reserve --renew.
func renewReserved(a *cli.App, o sysctlOptions) error {
	return apply(a, "reserve", []string{"--renew"}, o, func(s reserved.State) (portrange.Set, reserved.Change) {
		return s.Frozen(), s.Renew(o.scope())
	})
}

// apply reads and plans under a lock, and says or does what is planned.
func apply(a *cli.App, command string, args []string, o sysctlOptions, plan func(reserved.State) (portrange.Set, reserved.Change)) error {
	denied := deniedError{command: command + " " + strings.Join(args, " "), key: portrange.KernelReserved}
	unlock, err := o.lock()
	if err != nil {
		return denied.from(err)
	}
	defer unlock()
	state, err := o.state()
	if err != nil {
		return err
	}
	ports, change := plan(state)
	denied.value = change.After.String()
	if command == "reserve" && !o.force {
		if err := enoughLeft(change, command, args); err != nil {
			return err
		}
	}
	if !o.dryRun {
		if err := change.Apply("/"); err != nil {
			return denied.from(err)
		}
	}
	o.quiet = o.quiet || o.json
	sayChange(a, command, ports, state, change, o)
	if !o.json {
		return nil
	}
	return changeJSON(a.Stdout, ports, change, o.dryRun)
}

// enoughLeft refuses a reservation that would take the last ports from outgoing connections.
func enoughLeft(c reserved.Change, command string, args []string) error {
	ephemeral, err := portrange.Ephemeral()
	if err != nil {
		return err
	}
	left, enough := ephemeral.Left(c.After, c.Before)
	if enough {
		return nil
	}
	if left == 0 { // a host without outgoing connections is what nobody means
		return cli.Misuse("that "+flags.Leaves(left, ephemeral), "portguard "+command+" 30010,30000-30100")
	}
	return cli.Misuse("that "+flags.Leaves(left, ephemeral), fmt.Sprintf("portguard %s --force %s", command, strings.Join(args, " ")), mend.Named("--force"))
}
