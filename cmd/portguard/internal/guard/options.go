package guard

import (
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/netdiag"
	"portguard/wrapper/decide"
)

// options are the flags of the main command.
type options struct {
	flags.Endpoint
	flags.Ladder
	flags.Hold
	superviseOptions
	flags.Output
	flags.Reserve
	flags.Netns
	force   bool
	dryRun  bool
	argv0   bool
	version bool
	line    []string // the words of the command line
	others  []string // the other commands, one of which a mistyped word may mean
}

// addFlags adds the flags of the main command, in the order in which --help shows them.
func (o *options) addFlags(fs *pflag.FlagSet) {
	o.AddEndpoints(fs)
	cli.Titled(fs, flags.WhichPort, o.AddNetns)
	o.AddLadder(fs)
	cli.Titled(fs, flags.IfTaken, func(fs *pflag.FlagSet) {
		fs.BoolVar(&o.dryRun, "dry-run", false, "do nothing, but say what would be done and started; exit status 0 if every port would be free")
	})
	o.AddHold(fs)
	o.AddReserve(fs)
	cli.Titled(fs, flags.Holding, func(fs *pflag.FlagSet) { flags.AddForce(fs, &o.force, "with --reserve: ") })
	o.addSuperviseFlags(fs)
	o.AddJSON(fs)
	o.AddOutput(fs)
	o.AddVerbose(fs, "report a start that goes well, too; without COMMAND, also who serves on the port in other network namespaces")
	fs.BoolVar(&o.argv0, flags.Argv0Flag[2:], false, "COMMAND's first ARG becomes its name (argv[0]), as with @ in a unit file")
	fs.Bool("help", false, "show all of this; -h shows the most important of it")
	fs.BoolVarP(&o.version, "version", "V", false, "show the version")
}

// request is what the options come to.
type request struct {
	endpoints []netdiag.Endpoint
	policy    decide.Policy
	given     flags.Given
	command   []string
	hold      flags.HoldMode
	reserve   bool
	force     bool
	argv0     bool
	netns     flags.Netns
	restart   supervision // the zero value: become the command
	idle      []string    // what is worth saying of flags that change nothing
	flags.Output
}

// argv is what COMMAND is started with.
func (r request) argv() []string {
	if r.argv0 {
		return r.command[1:]
	}
	return r.command
}

// parse checks everything that can be checked before anything is touched.
func (o *options) parse(fs *pflag.FlagSet, args []string) (request, error) {
	r := request{given: flags.GivenOf(fs), reserve: o.Reserve.Reserve, force: o.force, argv0: o.argv0, netns: o.Netns, Output: o.Output}
	// The flags' own values come first: what stands behind a wrong one is a consequence.
	err := cli.Eaten("portguard", fs)
	if err != nil {
		return r, err
	}
	if r.policy, err = o.Policy(fs, o.Endpoint); err != nil {
		return r, err
	}
	r.policy.DryRun = o.dryRun
	if err = o.Output.Check(); err != nil {
		return r, err
	}
	if r.command, err = o.command(fs, args); err != nil {
		return r, err
	}
	if r.endpoints, err = o.Endpoints(func(port string) string { return "portguard -p " + port + " -- COMMAND" }); err != nil {
		return r, err
	}
	if o.Netns.Netns != "" && len(r.command) > 0 {
		return r, cli.Misuse(flags.NetnsFlag+" is for what starts no COMMAND, which would not be in that namespace", o.Inside(fs, r.command))
	}
	if r.hold, err = o.Holds(fs, len(r.command) > 0); err != nil {
		return r, err
	}
	if o.force && !r.reserve {
		return r, cli.Misuse("--force is about --reserve, which is not given", "portguard --reserve --force -p 30010", mend.Before("force", "--reserve"))
	}
	r.restart, err = o.supervision(fs, r)
	r.idle = append(o.Endpoint.Idle(r.endpoints), o.superviseOptions.idle(fs)...)
	return r, err
}

// command takes what stands behind "--".
func (o *options) command(fs *pflag.FlagSet, args []string) ([]string, error) {
	switch dash := fs.ArgsLenAtDash(); {
	case dash == 0 && len(args) == 0:
		return nil, cli.Misuse(`there is no COMMAND after "--"`, "portguard -p 30010 -- java -jar app.jar", mend.Starting("COMMAND"))
	case o.argv0 && len(args) < 2 && (dash == 0 || len(args) == 0):
		return nil, cli.Misuse("--argv0 needs a COMMAND and its name", "portguard --argv0 -p 30010 -- /usr/bin/java order-service -jar app.jar",
			mend.Starting([]string{"COMMAND", "NAME"}[len(args):]...))
	case dash == 0 || len(args) == 0:
		return args, nil
	default:
		return nil, o.stray(fs, args)
	}
}
