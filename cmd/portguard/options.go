package main

import (
	"slices"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
	"portguard/wrapper"
)

// options are the flags of the main command.
type options struct {
	endpointFlags
	ladderFlags
	holdFlag
	superviseOptions
	outputFlags
	reserve bool
	force   bool
	dryRun  bool
	argv0   bool
	others  []string // the other commands, one of which a mistyped word may mean
}

// addFlags adds the flags of the main command, in the order in which --help shows them.
func (o *options) addFlags(fs *pflag.FlagSet) {
	o.addEndpoints(fs)
	o.addLadder(fs)
	fs.BoolVar(&o.reserve, "reserve", false, "once the port is free, keep the kernel from picking it, until the next boot")
	fs.BoolVar(&o.force, "force", false, "with --reserve: "+forceUsage())
	fs.BoolVar(&o.dryRun, "dry-run", false, "do nothing, but say what would be done and started; exit status 0 if every port\nwould be had")
	o.addHold(fs)
	o.addSuperviseFlags(fs)
	fs.BoolVar(&o.argv0, argv0Flag[2:], false, "COMMAND's first ARG is what it is called (argv[0]), as with @ in a unit file")
	o.addJSON(fs)
	o.addOutput(fs)
	o.addVerbose(fs)
}

// argv0Flag stands in the drop-ins of units whose command has the prefix "@".
const argv0Flag = "--argv0"

// request is what the options come to.
type request struct {
	endpoints []netdiag.Endpoint
	policy    wrapper.Policy
	command   []string
	hold      holdMode
	reserve   bool
	force     bool
	argv0     bool
	restart   supervision // the zero value: become the command
	outputFlags
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
	r := request{reserve: o.reserve, force: o.force, argv0: o.argv0, outputFlags: o.outputFlags}
	// The flags' own values come first: what stands behind a wrong one is a consequence.
	err := cli.Eaten("portguard", fs)
	if err != nil {
		return r, err
	}
	if r.policy, err = o.policy(fs, o.endpointFlags); err != nil {
		return r, err
	}
	r.policy.DryRun = o.dryRun
	if err = o.outputFlags.check(); err != nil {
		return r, err
	}
	if r.command, err = o.command(fs, args); err != nil {
		return r, err
	}
	if r.endpoints, err = o.endpoints(func(port string) string { return "portguard -p " + port + " -- COMMAND" }); err != nil {
		return r, err
	}
	if r.hold, err = o.holds(fs, len(r.command) > 0); err != nil {
		return r, err
	}
	if o.force && !o.reserve {
		return r, cli.Misuse("--force is about --reserve, which is not given", "portguard --reserve --force -p 30010")
	}
	r.restart, err = o.supervision(fs, r)
	return r, err
}

// command takes what stands behind "--".
func (o *options) command(fs *pflag.FlagSet, args []string) ([]string, error) {
	switch dash := fs.ArgsLenAtDash(); {
	case dash == 0 && len(args) == 0:
		return nil, cli.Misuse(`there is no COMMAND after "--"`, "portguard -p 30010 -- java -jar app.jar")
	case o.argv0 && len(args) < 2 && (dash == 0 || len(args) == 0):
		return nil, cli.Misuse("--argv0 needs a COMMAND and its name", "portguard --argv0 -p 30010 -- /usr/bin/java order-service -jar app.jar")
	case dash == 0 || len(args) == 0:
		return args, nil
	default:
		stray := len(args)
		if dash > 0 {
			stray = dash
		}
		return nil, o.stray(fs, args[:stray], args[stray:])
	}
}

// corrected is the command line as it was probably meant.
func (o *options) corrected(fs *pflag.FlagSet, command, rest []string) string {
	line := spelledOut(fs)
	if len(o.ports) == 0 {
		line = append(line, "-p", "30010")
	}
	line = append(append(append(line, "--"), command...), rest...)
	return cli.CommandLine(line, 0)
}

// spelledOut is portguard with the flags that were given.
func spelledOut(fs *pflag.FlagSet) []string {
	ports, rest := spelled(fs.Visit)
	return slices.Concat([]string{"portguard"}, rest, ports)
}
