// Package ports has the commands reserve, release and range: which ports the kernel hands out by itself, now and after every boot.
package ports

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
	"portguard/netdiag/portrange/sysctld"
)

const reserveLong = `Adds ports to ip_local_reserved_ports: the kernel picks none of them as an ephemeral port, and gives them
only to programs that ask for them by number, now and after every boot. What others have reserved stays, and "portguard release"
takes out exactly what was added. A reservation is for both protocols and every address of this network namespace.

Without PORTS it says what is reserved, now and after the next boot, and by whom. At boot the file that portguard writes has
the last word, and in it what other sysctl files reserved when it was written; --renew takes in what they have come to
reserve since.`

const releaseLong = `Takes reserved ports out again, now and for the boots to come. Ports that another sysctl file reserves
stay reserved, and are named.`

// sysctlOptions are the flags of the commands that change a sysctl.
type sysctlOptions struct {
	runtime, persist, dryRun, force, quiet, json, renew bool
	flags.Netns
}

func (o *sysctlOptions) addFlags(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.BoolVar(&o.runtime, "runtime", false, "only now, until the next boot")
	fs.BoolVar(&o.persist, "persist", false, "only from the next boot on")
	o.AddNetns(fs)
	fs.BoolVar(&o.dryRun, "dry-run", false, "show what would change, and change nothing")
	fs.BoolVarP(&o.quiet, "quiet", "q", false, "print warnings and errors only")
}

func (o *sysctlOptions) addJSONFlag(fs *pflag.FlagSet) {
	fs.BoolVar(&o.json, "json", false, "report as one JSON document")
}

// scope is where the change takes place: without a flag, everywhere.
func (o *sysctlOptions) scope() reserved.Scope {
	if !o.files() {
		return reserved.Scope{Runtime: true}
	}
	both := o.runtime == o.persist
	return reserved.Scope{Runtime: both || o.runtime, Persist: both || o.persist}
}

// enter goes to the network namespace that is to be changed, or asked about.
func (o *sysctlOptions) enter(a *cli.App, command, example string) error {
	if o.Netns.Netns != "" && o.persist {
		return cli.Misuse("--persist is about files, and none is about another network namespace", "portguard "+command+" --netns "+page.ShellQuote(o.Netns.Netns)+" "+example, mend.Without("persist"))
	}
	return o.Enter(a)
}

// files reports whether files tell what the next boot will bring. None is about another network namespace.
func (o *sysctlOptions) files() bool { return o.Netns.Netns == "" }

// state is what is reserved there.
func (o *sysctlOptions) state() (reserved.State, error) {
	if !o.files() {
		return reserved.ReadKernel()
	}
	return reserved.Read("/")
}

// patience is how long to wait for another portguard that changes the settings.
const patience = 10 * time.Second

// lock keeps others of us from changing the settings meanwhile; a dry run, which changes nothing, needs no right to that.
func (o *sysctlOptions) lock() (unlock func(), err error) {
	if o.dryRun {
		return func() {}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return sysctld.Lock(ctx, "/")
}

// NewReserve is the command reserve.
func NewReserve(a *cli.App) *cobra.Command {
	var o sysctlOptions
	var ports portrange.Set
	cmd := &cobra.Command{
		Use:     "reserve [PORTS...]",
		Short:   "keep the kernel from picking ports as ephemeral ports",
		Long:    reserveLong,
		Example: "  portguard reserve 30010,30000-30100\n  portguard reserve --dry-run 30010",
		Args:    cobra.ArbitraryArgs,
		PreRunE: func(_ *cobra.Command, args []string) (err error) {
			switch {
			case o.renew && len(args) > 0:
				return cli.Misuse("--renew is about the ports that are reserved already", "portguard reserve --renew", mend.Instead())
			case o.renew && !o.files():
				return cli.Misuse("--renew is about files, and none is about another network namespace", "portguard reserve --renew", mend.Without(flags.NetnsFlag[2:]))
			case len(args) > 0:
				ports, err = parsePortSet("reserve", args)
			}
			return err
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.enter(a, "reserve", "30010"); err != nil {
				return err
			}
			switch {
			case o.renew:
				return renewReserved(a, o)
			case len(args) == 0:
				return showReserved(a, o)
			}
			return changeReserved(a, "reserve", args, ports, o, reserved.State.Reserve)
		},
	}
	o.addFlags(cmd.Flags())
	o.addJSONFlag(cmd.Flags())
	flags.AddForce(cmd.Flags(), &o.force, "")
	cmd.Flags().BoolVar(&o.renew, "renew", false, "without PORTS: take in what other sysctl files have come to reserve")
	return cmd
}

// NewRelease is the command release.
func NewRelease(a *cli.App) *cobra.Command {
	var o sysctlOptions
	var ports portrange.Set
	cmd := &cobra.Command{
		Use:     "release PORTS...",
		Short:   "let the kernel pick reserved ports again",
		Long:    releaseLong,
		Example: "  portguard release 30010",
		Args:    cobra.ArbitraryArgs,
		PreRunE: func(_ *cobra.Command, args []string) (err error) {
			ports, err = parsePortSet("release", args)
			return err
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.enter(a, "release", "30010"); err != nil {
				return err
			}
			return changeReserved(a, "release", args, ports, o, reserved.State.Release)
		},
	}
	o.addFlags(cmd.Flags())
	o.addJSONFlag(cmd.Flags())
	return cmd
}

// parsePortSet reads the PORTS of a command: what -p takes, without addresses and protocols.
func parsePortSet(command string, args []string) (portrange.Set, error) {
	right := "portguard " + command + " 30010,30000-30100"
	text := strings.Join(args, ",")
	if text == "" {
		return nil, cli.Misuse(command+" needs to know which ports", right, mend.Named("30010,30000-30100"))
	}
	if word, meant := strayWord(args); meant != nil {
		return nil, cli.Misuse(fmt.Sprintf("%q is no port", word), right, meant)
	}
	endpoints, err := flags.ParseEndpoints(text, netdiag.Options{})
	if strings.ContainsAny(text, "/:") {
		meant := mend.Part("", "", "")
		if err == nil {
			right, meant = "portguard "+command+" "+flags.PortsOf(endpoints).String(), mend.Instead(flags.PortsOf(endpoints).String())
		} else if syntax, ok := err.(*netdiag.SyntaxError); ok {
			meant = mend.Part("", syntax.Text, syntax.Right)
		}
		return nil, cli.Misuse(fmt.Sprintf("%q: a reservation is for both protocols and every address, so PORTS are numbers", text), right, meant)
	}
	if err != nil {
		if syntax, ok := err.(*netdiag.SyntaxError); ok {
			meant := syntax.Right
			if (len(args) > 1 || strings.Contains(text, ",")) && !strings.ContainsAny(syntax.Text, "0123456789") {
				meant = "" // a word too many
			}
			return nil, cli.Misuse(fmt.Sprintf("port %q: %s", syntax.Text, syntax.Problem), "portguard "+command+" "+syntax.Right, mend.Part("", syntax.Text, meant))
		}
		return nil, err
	}
	return flags.PortsOf(endpoints), nil
}

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
