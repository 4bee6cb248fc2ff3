package unit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/report"
	"portguard/cmd/portguard/internal/unit/install"
	"portguard/cmd/portguard/internal/unit/place"
	"portguard/netdiag"
	"portguard/systemd"
	"portguard/systemd/dropin"
)

const unitShowLong = `Says which services are guarded, how, and whether their ports are reserved, that is, left out by the kernel
when it picks ports for outgoing connections (net.ipv4.ip_local_reserved_ports).

FORM is where portguard stands: "pre" is a line before the service's command, "wrapper" is in front of the command itself
(portguard unit install --as).

"outdated" is a service whose own ExecStart= has changed since portguard was put in front of it, as an upgrade of its
package may do: until it is installed again, systemd starts the old command.

"not in force" is a service whose next start is not guarded, whatever the file says: systemd has not read it ("systemctl
daemon-reload"), or another drop-in comes after it and takes its line away, as "ExecStartPre=" does ("systemctl cat UNIT").

"no such unit" is a drop-in whose service is gone, as after the removal of its package: "portguard unit remove UNIT" takes
it away. "masked" is a service that systemd does not start at all. Where "systemd does not load it", there is something wrong
with its files ("systemd-analyze verify UNIT"): it does not start either.`

func newUnitShow(a *cli.App) *cobra.Command {
	var asJSON bool
	var of place.Whose
	var names []string // nil: of all services
	cmd := &cobra.Command{
		Use:     "show [UNIT]",
		Short:   "say which services are guarded",
		Long:    unitShowLong,
		Example: "  portguard unit show",
		Args:    cobra.ArbitraryArgs,
		PreRunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			name, err := place.OneService("show", args)
			names = []string{name}
			return err
		},
		RunE: func(*cobra.Command, []string) error {
			at, err := of.Place()
			if err != nil {
				return err
			}
			return showUnits(a, at, names, asJSON)
		},
	}
	of.AddFlag(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "report as one JSON document")
	return cmd
}

// guardedUnit is what a drop-in says. The fields of the JSON document (version 1) are added to, never renamed or removed.
type guardedUnit struct {
	Unit      string            `json:"unit"`
	File      string            `json:"file"`
	Form      install.Form      `json:"form,omitempty"`
	Hold      string            `json:"hold,omitempty"`
	Ready     string            `json:"ready,omitempty"` // how long it may take to listen
	Flags     []string          `json:"flags"`
	Endpoints []guardedEndpoint `json:"endpoints"`
	Outdated  bool              `json:"outdated"`
	InForce   *bool             `json:"in_force"` // nil: systemd was not there to be asked
	LoadState string            `json:"load_state,omitempty"`
	Problem   string            `json:"problem,omitempty"` // the file cannot be read as one of ours
}

type guardedEndpoint struct {
	Protocol         string `json:"protocol"`
	Address          string `json:"address"` // "*": every address
	Device           string `json:"device,omitempty"`
	Port             uint16 `json:"port"`
	InEphemeralRange bool   `json:"in_ephemeral_range"`
	Reserved         bool   `json:"reserved"`
}

// showUnits shows these units, or all that are guarded.
func showUnits(a *cli.App, dir place.Place, names []string, asJSON bool) error {
	if names == nil {
		var err error
		if names, err = dir.List(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	ctx, cancel := place.Context()
	defer cancel()
	m, err := dir.Connect(ctx)
	if err == nil {
		defer m.Close()
	}
	facts := report.ReadFacts()
	units := []guardedUnit{}
	for i, name := range names {
		if errors.Is(dir.Exists(name), fs.ErrNotExist) {
			name = place.Unaliased(ctx, m, dir.Dir, name)
			names[i] = name
		}
		u, err := readUnit(dir.Dir, name, facts)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			u.Problem = err.Error()
		case m != nil:
			u.compare(ctx, m, dir.Dir)
		}
		units = append(units, u)
	}
	switch {
	case asJSON:
		return unitsJSON(a.Stdout, units)
	case len(units) > 0:
		return unitsText(a.Stdout, units)
	case len(names) == 1:
		fmt.Fprintf(a.Stdout, "%s is not guarded%s\n", names[0], whyNot(ctx, m, names[0]))
	default:
		fmt.Fprintln(a.Stdout, "no service is guarded")
	}
	return nil
}

// whyNot tells of a name that is no unit's. m is nil where systemd does not run.
func whyNot(ctx context.Context, m *systemd.Manager, name string) string {
	if m == nil {
		return ""
	}
	if svc, err := m.Service(ctx, name); err != nil || svc.LoadState != systemd.NotFound {
		return ""
	}
	return ": there is no such unit"
}

// readUnit reads one unit's drop-in.
func readUnit(dir dropin.Dir, name string, facts report.Facts) (guardedUnit, error) {
	u := guardedUnit{Unit: name, File: dir.Path(name), Flags: []string{}, Endpoints: []guardedEndpoint{}}
	in, err := dir.Read(name)
	if err != nil {
		return u, err
	}
	words, err := in.Guard()
	if err != nil {
		return u, err
	}
	g, err := flags.ReadGuarded(name, words)
	if err != nil {
		return u, err
	}
	for _, e := range g.Endpoints {
		u.Endpoints = append(u.Endpoints, guardedEndpointOf(e, facts))
	}
	if g.Rest != nil {
		u.Flags = g.Rest
	}
	if u.Ready = in.Ready(); u.Ready != "" {
		u.Flags = append(u.Flags, install.ReadyFlag, u.Ready)
	}
	if u.Form = install.FormPre; in.Exec != "" {
		u.Form, u.Hold = install.FormWrapper, g.Hold
	}
	return u, nil
}

func guardedEndpointOf(e netdiag.Endpoint, facts report.Facts) guardedEndpoint {
	return guardedEndpoint{
		Protocol:         e.Protocol.String(),
		Address:          e.Address(),
		Device:           e.Device,
		Port:             e.Port,
		InEphemeralRange: facts.Ephemeral.Contains(e.Port),
		Reserved:         facts.Reserved.Contains(e.Port),
	}
}
