// Package audit is the command audit: which ports of this host can be taken, how likely that is, and what prevents it; as text, a map,
// JSON and metrics.
package audit

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
)

const long = `Says which services of this host can lose their port while they are down: those whose port lies in
ip_local_port_range and is not reserved, so that the kernel may pick it as the ephemeral port of somebody's outgoing
connection. For each it tells how likely that is, going by the connections that there are and by those that come
within --sample, and which command makes it impossible.

PORTS are judged whether something listens there or not: 30000-30100,8080,5353/udp. So are the ports of the services
that "portguard unit" guards. A connection that has one of all these right now is named.

With --openmetrics the exit status is 0 whenever the metrics were written, whatever they say.

How the chances are computed is in /usr/share/doc/portguard/docs/audit.md; alerts, a dashboard and a timer for the metrics
are in /usr/share/doc/portguard/docs/fleet.md.`

type options struct {
	downtime, sample       time.Duration
	json, portMap, noColor bool
	verbose                bool
	openMetrics            bool
	output                 string
	flags.Netns
	allNetns bool
}

func (o *options) addFlags(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.DurationVar(&o.downtime, "downtime", 10*time.Second, "the `DURATION` for which a service is down")
	fs.DurationVar(&o.sample, "sample", 2*time.Second, "count the connections that come within `DURATION`")
	fs.BoolVar(&o.portMap, "map", false, "draw a map of the ports, as is done on a terminal")
	fs.BoolVar(&o.json, "json", false, "report as one JSON document")
	fs.BoolVar(&o.openMetrics, "openmetrics", false, "report as metrics, for Prometheus; ports at risk do not change the exit status")
	fs.StringVar(&o.output, "output", "", "with --openmetrics: write them to `FILE`, whole or not at all, for node_exporter's textfile collector")
	fs.BoolVarP(&o.verbose, "verbose", "v", false, "say how the chances were computed: the range, the load, what is left of closed connections")
	o.AddNetns(fs)
	fs.BoolVar(&o.allNetns, "all-netns", false, "name also who serves on PORTS, or on any port, in other network namespaces of this host")
	flags.AddNoColor(fs, &o.noColor)
}

func (o *options) check() error {
	right := "portguard audit --downtime 10s --sample 2s"
	switch {
	case o.downtime <= 0:
		return cli.Misuse(fmt.Sprintf("--downtime %s is no time", o.downtime), right, mend.Without("downtime"))
	case o.sample <= 0:
		return cli.Misuse(fmt.Sprintf("--sample %s is no time", o.sample), right, mend.Without("sample"))
	case o.json && o.portMap:
		return cli.Misuse("--json and --map contradict each other", "portguard audit --json", mend.Without("map"))
	case o.openMetrics && (o.json || o.portMap):
		return cli.Misuse("--openmetrics contradicts --json and --map", "portguard audit --openmetrics", mend.Without("json"), mend.Without("map"))
	case o.output != "" && !o.openMetrics:
		return cli.Misuse("--output is for --openmetrics", "portguard audit --openmetrics --output "+o.output, mend.Before("output", "--openmetrics"))
	case o.output != "":
		return checkOutput(o.output)
	}
	return nil
}

// New is the command.
func New(a *cli.App) *cobra.Command {
	var o options
	var asked []netdiag.Endpoint
	cmd := &cobra.Command{
		Use:   "audit [PORTS...]",
		Short: "say which ports of this host can be taken, how likely, and how to prevent it",
		Long:  long,
		Example: "  portguard audit\n  portguard audit 30000-30100\n  portguard audit --downtime 1m --json\n" +
			"  portguard audit --openmetrics --output portguard.prom",
		Args: cobra.ArbitraryArgs,
		PreRunE: func(_ *cobra.Command, args []string) (err error) {
			if err := o.check(); err != nil {
				return err
			}
			asked, err = parsePorts(args)
			return err
		},
		RunE: func(*cobra.Command, []string) error {
			if err := o.Enter(a); err != nil {
				return err
			}
			return audit(a, asked, o)
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

// parsePorts reads PORTS: what -p takes, without addresses.
func parsePorts(args []string) ([]netdiag.Endpoint, error) {
	if len(args) == 0 {
		return nil, nil
	}
	const right = "portguard audit 30000-30100,5353/udp"
	all, err := flags.ParseEndpoints(strings.Join(args, ","), netdiag.Options{})
	if syntax, ok := err.(*netdiag.SyntaxError); ok {
		return nil, cli.Misuse(fmt.Sprintf("port %q: %s", syntax.Text, syntax.Problem), "portguard audit "+syntax.Right, mend.Part("", syntax.Text, syntax.Right))
	}
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		if !e.EveryAddress() {
			return nil, cli.Misuse(fmt.Sprintf("%q has an address: the kernel picks ports, so PORTS are numbers", e), right, mend.Part("", e.Argument(), (netdiag.Endpoint{Protocol: e.Protocol, Port: e.Port}).Argument()))
		}
	}
	return all, nil
}

// atRiskError is an audit that has found something.
type atRiskError struct{}

func (*atRiskError) Error() string { return "ports are at risk" }

// ExitStatus is audit's own.
func (*atRiskError) ExitStatus() int { return cli.ExitAtRisk }

// Reported says that the report has said it.
func (*atRiskError) Reported() {}

func audit(a *cli.App, asked []netdiag.Endpoint, o options) error {
	ctx, stop := cli.WithSignals(a.Inherited, false)
	defer stop()
	began := time.Now()
	r, err := take(ctx, asked, o)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if o.openMetrics {
		return writeRun(a, r, err, began, o.output)
	}
	if err != nil {
		return err
	}
	if o.json {
		err = r.json(a.Stdout)
	} else {
		paint := page.Colour(a.Stdout, o.noColor)
		textForm{Page: page.Page{Writer: a.Stdout, Width: page.Width(a.Stdout)}, paint: paint, how: o.verbose}.render(r)
		if o.portMap || page.IsTerminal(a.Stdout) {
			fmt.Fprintln(a.Stdout)
			portMap{w: a.Stdout, paint: paint, width: page.Columns(a.Stdout), glyphs: glyphsFor(os.Getenv)}.draw(r)
		}
	}
	if err == nil && r.atRisk() {
		err = &atRiskError{}
	}
	return err
}
