// Package ready is the command ready: does a service listen on its endpoints by now, all of it, and it itself?
package ready

import (
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
	"portguard/wrapper/decide"
	"portguard/wrapper/ready"
)

const long = `Says whether a service listens on its endpoints, for UDP whether it has them bound. The kernel is asked, and nobody is
connected to: the service does not notice, and nobody else can answer for it. A service may listen on IPv4 or on IPv6 alone, unless somebody else has the
port in the other: then it is up by half, and the report says who has the other half.

Whose sockets count: with --unit those of the unit's processes, with --pid those of the process and its descendants,
otherwise anybody's. In ExecStartPost= and ExecReload= it is the unit's own without being told. There, while it waits, it asks
systemd for more time than TimeoutStartSec=, where NotifyAccess= allows that.

Exit status: 0 the service listens on every endpoint; 64 the command line is wrong; 69 it does not: somebody else
listens, or has a half, or the service has ended, or without --wait nobody listens; 71 the kernel could not be asked;
75 --wait ran out.`

const example = `  portguard ready -p 30010                               does anybody listen?
  portguard ready --wait 30s --unit order.service -p 30010   does this service, within 30 s?`

// options are the flags of ready.
type options struct {
	flags.Endpoint
	flags.Output
	flags.Netns
	wait string
	pid  int
	unit string
}

// New is the command.
func New(a *cli.App) *cobra.Command {
	var o options
	var q question
	cmd := &cobra.Command{
		Use:     "ready -p ENDPOINT [-p ENDPOINT]...",
		Short:   "say whether a service listens, without connecting",
		Long:    long,
		Example: example,
		Args:    cobra.ArbitraryArgs,
		PreRunE: func(cmd *cobra.Command, args []string) (err error) {
			q, err = o.parse(cmd, args)
			return err
		},
		RunE: func(*cobra.Command, []string) error {
			if err := o.Enter(a); err != nil {
				return err
			}
			if !o.JSON {
				a.ForSystemd()
			}
			if !o.Quiet && !o.JSON {
				a.Log.Remark(o.Idle(q.endpoints)...)
			}
			return q.ask(a)
		},
	}
	fs := cmd.Flags()
	o.AddEndpoints(fs)
	cli.Titled(fs, flags.WhichPort, o.AddNetns)
	cli.Titled(fs, "Whose, and how soon", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.unit, "unit", "", "count the sockets of this systemd service alone, by its `NAME`")
		fs.IntVar(&o.pid, "pid", 0, "count the sockets of this process and its descendants alone, by its `PID`")
		fs.StringVar(&o.wait, "wait", "", "wait up to this `DURATION` (30s, 2m, forever) until the service listens")
	})
	o.AddJSON(fs)
	o.AddOutput(fs)
	o.AddVerbose(fs, "report also the endpoints on which it listens")
	fs.Lookup("quiet").Usage = "print errors only; the exit status tells whether the service is ready"
	return cmd
}

// question is what the flags come to.
type question struct {
	endpoints []netdiag.Endpoint
	wait      time.Duration // 0: one look; wrapper.Forever
	service   service
	flags.Output
}

func (o *options) parse(cmd *cobra.Command, args []string) (question, error) {
	right := func(port string) string { return "portguard ready --wait 30s -p " + port }
	q := question{Output: o.Output}
	if err := cli.Eaten(cmd.CommandPath(), cmd.Flags()); err != nil {
		return q, err
	}
	switch {
	case len(args) == 0:
	case flags.LooksLikePort(args[0]):
		return q, flags.BarePort(args[0], right(page.ShellQuote(args[0])))
	case len(args) == 1 && cmd.ArgsLenAtDash() < 0 && o.unit == "" && o.pid == 0:
		return q, cli.Misuse(fmt.Sprintf("%q is not a flag: the name of a service needs --unit before it", args[0]), right("30010"), mend.Flagged("--unit", func(string) bool { return true }))
	default:
		return q, cli.Misuse(fmt.Sprintf("%q: ready starts no command; it asks about a service that was started", args[0]), right("30010"), mend.Alone, mend.Instead())
	}
	if err := o.Output.Check(); err != nil {
		return q, err
	}
	var err error
	if q.wait, err = flags.ParseWait("--wait", o.wait, cmd.Flags().Changed("wait"), right("30010")); err != nil {
		return q, err
	}
	if q.endpoints, err = o.Endpoints(right); err != nil {
		return q, err
	}
	q.service, err = o.service(cmd.Flags())
	return q, err
}

// ask looks, or waits, and says what came of it.
func (q question) ask(a *cli.App) error {
	ctx, stop := cli.WithSignals(a.Inherited, false)
	defer stop()
	about := q.service
	if about == (service{}) {
		about = ofControl(ctx, a.Inherited.Environ)
	}
	l := ready.New(q.endpoints, about.whose())
	defer l.Close()
	if q.wait > 0 {
		defer cli.NewNotify(a.Inherited.Environ).Extend()()
	}
	if q.wait > 0 && about.isNamed() {
		go func() {
			if about.absent(ctx) && !q.Quiet {
				a.Log.Say(cli.MsgListening, journal.PriWarning, nil, fmt.Sprintf("there is no %s yet", about))
			}
		}()
	}
	var r ready.Result
	var err error
	done := make(chan struct{})
	go func() { // not on the main thread, which is the main goroutine's alone: to wake it takes longer than a look
		r, err = l.Await(ctx, q.deadline(), about.watch())
		close(done)
	}()
	if <-done; err != nil {
		return err
	}
	out := output{app: a, Output: q.Output, service: about, waits: q.wait > 0, result: r}
	if !r.Ready() || q.JSON || q.Verbose {
		l.Explain(ctx, out.result.Findings)
		out.degraded = l.Degraded()
	}
	out.absent = !r.Ready() && about.absent(ctx)
	if err := out.say(); err != nil || r.Ready() {
		return err
	}
	return &notReadyError{r, q.wait > 0}
}

// deadline is the zero time where there is none.
func (q question) deadline() time.Time {
	if q.wait == decide.Forever {
		return time.Time{}
	}
	return time.Now().Add(q.wait)
}
