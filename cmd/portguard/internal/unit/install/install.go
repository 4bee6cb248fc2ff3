// Package install answers: how is a service guarded by a drop-in? It looks at the service, decides or refuses, and writes.
package install

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/unit/listens"
	"portguard/cmd/portguard/internal/unit/place"
	"portguard/netdiag"
	"portguard/wrapper/decide"
)

const long = `Writes a drop-in for a service and reloads systemd. The service goes on running as it is; its next start is
guarded. Installing again, with other flags, takes the place of what was there; with the same flags nothing is
written or reloaded, and it says "unchanged".

  --as pre (default)  one more ExecStartPre=+, after the unit's own and right before ExecStart=. It runs as root,
                      whatever User= says, and in the service's network namespace. Nothing else is changed.
  --as wrapper        ExecStart= becomes "portguard ... -- COMMAND", with the prefixes, quotes, specifiers and variables
                      that it has: the port is held until the service has it. portguard has the service's rights.
  --ready 30s         one more ExecStartPost=+, after the unit's own: "portguard ready" waits until the service listens on
                      every endpoint, whole, and the start fails where it does not. Restart= then tries again.
  --hold fdstore      with --as wrapper: the port stays held while the service restarts, by a socket that systemd keeps
                      (FileDescriptorStoreMax= is raised for it).

Without -p the endpoints are those TCP ports that the service listens on right now. What its sockets have set
(SO_REUSEADDR, SO_REUSEPORT, IPV6_V6ONLY, IP_FREEBIND) goes into the flags.

Exit status: 0; 64 this service cannot be guarded like this; 71 systemd could not be asked; 77 needs root.`

const example = `  portguard unit install order.service -p 30010 --share --wait 30s
  portguard unit install order.service --wait 30s --dry-run   what would be written?
  portguard unit install order.service -p 30010 --wait 30s --ready 30s
  portguard unit install order.service --as wrapper --hold fdstore --wait 30s`

// Form is where portguard stands in a service.
type Form string

const (
	FormPre     Form = "pre"
	FormWrapper Form = "wrapper"
)

// installation is one installation, as asked for.
type installation struct {
	name      string
	form      Form
	dryRun    bool
	flags     *pflag.FlagSet // options.set()
	options   *flags.Guarded
	endpoints []netdiag.Endpoint // none: to be found
	policy    decide.Policy
	running   []listens.Listener // what it listens with right now, where that can be seen
	learned   []string           // what is worth saying of that
	hold      flags.HoldMode
	ready     string // how long it may take to listen, as it was given; "": that is not looked at
	readyWait time.Duration
	deaf      []netdiag.Endpoint // on which it does not listen now, though it runs
	portguard string             // path
	line      string             // the command line, as it was given
	place.Whose
}

// New is the command unit install.
func New(a *cli.App) *cobra.Command {
	var o flags.Guarded
	var as string
	in := installation{options: &o, flags: o.Set()}
	cmd := &cobra.Command{
		Use:     "install UNIT",
		Short:   "guard a service",
		Long:    long,
		Example: example,
		Args:    cobra.ArbitraryArgs,
		PreRunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := cli.Eaten(cmd.CommandPath(), cmd.Flags()); err != nil {
				return err
			}
			if in.name, err = place.OneService("install", args); err != nil {
				return err
			}
			if in.User && !cmd.Flags().Changed("as") {
				as = string(FormWrapper)
			}
			return in.check(as, cmd.Flags().Changed(ReadyFlag[2:]))
		},
		RunE: func(*cobra.Command, []string) error {
			at, err := in.Place()
			if err != nil {
				return err
			}
			return installUnit(a, at, in)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.AddFlagSet(in.flags)
	fs.StringVar(&as, "as", "pre", "where portguard stands: before the service's command, or in front of it, `pre|wrapper`")
	fs.StringVar(&in.ready, ReadyFlag[2:], "", "fail the start where the service does not listen within this `DURATION` (30s, 2m, forever)")
	in.AddFlag(fs)
	fs.BoolVar(&in.dryRun, "dry-run", false, "print the drop-in, and write nothing")
	return cmd
}

// check finds everything that is wrong with the flags before systemd is asked. ready says that --ready was given.
func (in *installation) check(as string, ready bool) error {
	withPort := func(port string) string {
		return "portguard unit install " + in.called() + " -p " + port + " --share --wait 30s"
	}
	right := withPort("30010")
	switch in.form = Form(as); in.form {
	case FormPre:
		if in.User {
			return cli.Misuse("--as pre is for the system's manager, where ExecStartPre=+ has root's rights; --user takes --as wrapper", right+" --as wrapper", mend.Value("as", as, "wrapper"))
		}
		if in.flags.Changed("hold") {
			return cli.Misuse("--hold is for --as wrapper: an ExecStartPre= has ended when the service starts", right+" --as wrapper --hold "+in.options.Mode,
				mend.Without("as"), mend.Before("hold", "--as", "wrapper"))
		}
	case FormWrapper:
	default:
		return cli.Misuse(fmt.Sprintf("--as %q is neither pre nor wrapper", as), right+" --as wrapper", mend.Value("as", as, mend.Word(as, nil, "wrapper", "pre")))
	}
	var err error
	if len(in.options.Ports) > 0 {
		if in.endpoints, err = in.options.Endpoints(withPort); err != nil {
			return err
		}
	} else if _, err = in.options.SocketOptions(); err != nil {
		return err
	}
	if in.hold, err = in.options.Holds(in.flags, in.form == FormWrapper); err != nil {
		return err
	}
	if in.policy, err = in.options.Policy(in.flags, in.options.Endpoint); err != nil {
		return err
	}
	if in.readyWait, err = flags.ParseWait(ReadyFlag, in.ready, ready, right+" "+ReadyFlag+" 30s"); err != nil {
		return err
	}
	in.line = in.spelledAs(in.form)
	in.portguard, err = os.Executable() // links resolved
	return err
}
