// Package hold is the command hold: it keeps ports from being taken, in the foreground.
package hold

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/systemd"
	"portguard/wrapper"
	"portguard/wrapper/decide"
	"portguard/wrapper/hold"
)

const long = `Keeps ports from being taken until it is stopped, for services that start later. The kernel picks none
of them as an ephemeral port. The service has to set SO_REUSEADDR to bind its port nevertheless, and so can any
other program that sets it. A port that is in use is taken as soon as it is free.

With --reuseaddr no, for services that do not set it, only outgoing connections are kept off.
With Type=notify, systemd is told when everything that is free is held.`

// options are the flags of hold.
type options struct {
	flags.Endpoint
	flags.Output
	flags.Netns
	force bool
}

// New is the command.
func New(a *cli.App) *cobra.Command {
	var o options
	var endpoints []netdiag.Endpoint
	cmd := &cobra.Command{
		Use:     "hold -p ENDPOINT [-p ENDPOINT]...",
		Short:   "keep ports from being taken, in the foreground",
		Long:    long,
		Example: "  portguard hold -p 30000-31000",
		Args:    cobra.ArbitraryArgs,
		PreRunE: func(cmd *cobra.Command, args []string) (err error) {
			endpoints, err = o.parse(a, cmd, args)
			return err
		},
		RunE: func(*cobra.Command, []string) error {
			if err := o.Enter(a); err != nil {
				return err
			}
			if left, enough := unheld(endpoints); !enough && !o.force {
				return cli.Misuse("that "+left, "portguard hold --force -p 30010", mend.Named("--force"))
			}
			if !o.Quiet {
				a.Log.Remark(o.Idle(endpoints)...)
			}
			return holdUntil(a, endpoints, o)
		},
	}
	o.AddEndpoints(cmd.Flags())
	cli.Titled(cmd.Flags(), flags.Holding, func(fs *pflag.FlagSet) { flags.AddForce(fs, &o.force, "") })
	cli.Titled(cmd.Flags(), flags.WhichPort, o.AddNetns)
	o.AddOutput(cmd.Flags())
	cmd.Flags().Lookup("quiet").Usage = "print errors only; not which ports are held, and which are in use"
	return cmd
}

// parse checks everything that can be checked before anything is touched.
func (o *options) parse(a *cli.App, cmd *cobra.Command, args []string) ([]netdiag.Endpoint, error) {
	const startsNone = "%q: hold starts no command; without it portguard does, and holds the port for it"
	right := func(port string) string { return "portguard hold -p " + port }
	if err := cli.Eaten(cmd.CommandPath(), cmd.Flags()); err != nil {
		return nil, err
	}
	switch {
	case len(args) == 0:
	case flags.LooksLikePort(args[0]):
		return nil, flags.BarePort(args[0], right(page.ShellQuote(args[0])))
	case o.force:
		return nil, cli.Misuse(fmt.Sprintf("%q: hold starts no command; it holds until it is stopped", args[0]), right("30000-31000"), mend.Alone, mend.Instead())
	case o.Netns.Netns != "":
		return nil, cli.Misuse(fmt.Sprintf(startsNone, args[0]), o.Inside(cmd.Flags(), args))
	default:
		return nil, cli.MisuseOf(fmt.Sprintf(startsNone, args[0]), mend.Amended(a.Args, slices.Index(a.Args, cmd.Name()), 1))
	}
	endpoints, err := o.Endpoints(right)
	if err != nil {
		return nil, err
	}
	if e, why := hold.Unholdable(endpoints); why != "" {
		return nil, cli.Misuse(fmt.Sprintf("%s cannot be held: %s", e, why), fmt.Sprintf("portguard reserve %d", e.Port))
	}
	return endpoints, nil
}

// unheld says what is left for outgoing connections beside what is held, and whether that is enough.
func unheld(endpoints []netdiag.Endpoint) (string, bool) {
	facts := report.ReadFacts()
	left, enough := facts.Ephemeral.Left(facts.Reserved.Union(flags.PortsOf(endpoints)), facts.Reserved)
	return flags.Leaves(left, facts.Ephemeral), enough
}

// holdUntil takes the endpoints, tells, and waits.
func holdUntil(a *cli.App, endpoints []netdiag.Endpoint, o options) error {
	if err := hold.EnoughFiles(len(endpoints)); err != nil {
		return err
	}
	ctx, stop := cli.WithSignals(a.Inherited, false)
	defer stop()
	w := &report.Progress{Log: a.Log, Terminal: page.IsTerminal(a.Stderr), Silent: o.Quiet}
	g := wrapper.New(decide.Policy{}, w)
	defer g.Close()
	r := g.HoldForever(ctx, endpoints, func(h wrapper.Holding) { sayHolding(a, o, h) })
	defer r.Release()
	w.Finish()
	if ctx.Err() == nil {
		report.Text{W: a.Stderr, Width: page.Width(a.Stderr), Facts: report.ReadFacts(), Now: time.Now(), Paint: page.Colour(a.Stderr, o.NoColor)}.Render(r.NotFree())
		return &report.NotFree{Report: r}
	}
	return nil
}

// sayHolding says once, to people and to systemd, that the ports are held.
func sayHolding(a *cli.App, o options, h wrapper.Holding) {
	var parts []string
	if h.Held > 0 {
		parts = append(parts, fmt.Sprintf("holding %s", page.Count(h.Held)))
	}
	if h.InUse > 0 {
		parts = append(parts, fmt.Sprintf("waiting for %s in use", page.Count(h.InUse)))
	}
	if h.NoAddress > 0 {
		parts = append(parts, fmt.Sprintf("waiting for %s whose address or interface this host does not have", page.Count(h.NoAddress)))
	}
	line := strings.Join(parts, ", ")
	if !o.Quiet {
		a.Log.Say(cli.MsgHeld, journal.PriInfo, nil, line)
	}
	// An absent or deaf systemd is no reason not to hold.
	_ = systemd.NotifySocket(a.Inherited.Environ).Send("READY=1\nSTATUS=" + line)
}
