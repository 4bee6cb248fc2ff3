package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/wrapper"
	"portguard/wrapper/supervise"
)

// options are the flags of the main command.
type options struct {
	ports         []string
	reuseAddr     string
	noReuseAddr   bool
	reusePort     bool
	v6Only        bool
	share         bool
	wait          string
	close         bool
	restartUnit   bool
	kill          bool
	killListeners bool
	signal        string
	grace         time.Duration
	only          []string
	hold          string
	argv0         bool
	reserve       bool
	dryRun        bool
	json          bool
	quiet         bool
	verbose       bool
	noColor       bool
	others        []string // the other commands, one of which a mistyped word may mean
	superviseOptions
}

// addFlags adds the flags of the main command, in the order in which --help shows them.
func (o *options) addFlags(fs *pflag.FlagSet) {
	o.addEndpointFlags(fs)
	o.addLadderFlags(fs)
	fs.BoolVar(&o.reserve, "reserve", false, "once the port is free, keep the kernel from picking it, until the next boot")
	fs.BoolVar(&o.dryRun, "dry-run", false, "say what would be done, and do nothing")
	o.addHoldFlag(fs)
	o.addSuperviseFlags(fs)
	fs.BoolVar(&o.argv0, argv0Flag[2:], false, "COMMAND's first ARG is what it is called (argv[0]), as with @ in a unit file")
	fs.BoolVar(&o.json, "json", false, "report as one JSON document")
	o.addOutputFlags(fs)
	fs.BoolVarP(&o.verbose, "verbose", "v", false, "say also what goes without saying")
}

// argv0Flag stands in the drop-ins of units whose command has the prefix "@".
const argv0Flag = "--argv0"

// addLadderFlags adds what says which rungs are allowed, and how.
func (o *options) addLadderFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.share, "share", false, "start beside the connection that holds the port: nothing is cut")
	fs.StringVar(&o.wait, "wait", "", "wait up to this `DURATION` (30s, 2m, forever) until the port is free")
	fs.BoolVar(&o.close, "close", false, "cut exactly the connections that hold the port")
	fs.BoolVar(&o.restartUnit, "restart-unit", false, "have systemd restart the service that holds the port, which connects anew from another")
	fs.BoolVar(&o.kill, "kill", false, "end the processes that hold the port")
	fs.BoolVar(&o.killListeners, "kill-listeners", false, "with --close, --restart-unit or --kill: also a service that listens on the port")
	fs.StringVar(&o.signal, "signal", "TERM", "with --kill: the first `SIGNAL`")
	fs.DurationVar(&o.grace, "grace", 10*time.Second, "with --kill: SIGKILL follows after this `DURATION`")
	fs.StringArrayVar(&o.only, "only", nil, "with --close, --restart-unit or --kill: touch only processes of user=NAME, unit=GLOB\nor exe=GLOB (`KEY=VALUE`, repeats)")
}

func (o *options) addHoldFlag(fs *pflag.FlagSet) {
	fs.StringVar(&o.hold, "hold", "exec", "`MODE` of keeping the port from being taken: by a socket that goes into COMMAND (exec),\nby one in systemd's fd store, over restarts (fdstore), or not at all (none)")
}

func (o *options) addEndpointFlags(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.StringArrayVarP(&o.ports, "port", "p", nil, "`ENDPOINT` that the service will bind: 30010, 30010/udp, 127.0.0.1:8080,\n[::1]:8080, 30000-30009, http; repeats, and takes commas")
	fs.StringVar(&o.reuseAddr, "reuseaddr", "", "`yes|no`: does the service set SO_REUSEADDR? (not said: TCP services do)")
	fs.BoolVar(&o.noReuseAddr, "no-reuseaddr", false, "short for --reuseaddr no")
	fs.BoolVar(&o.reusePort, "reuseport", false, "the service sets SO_REUSEPORT")
	fs.BoolVar(&o.v6Only, "v6only", false, "the service sets IPV6_V6ONLY")
}

func (o *options) addOutputFlags(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.quiet, "quiet", "q", false, "say nothing but errors; whether the port is free the exit status tells")
	fs.BoolVar(&o.noColor, "no-color", false, "no colour, as with NO_COLOR; there is none but on a terminal")
}

// request is what the options come to.
type request struct {
	endpoints []netdiag.Endpoint
	policy    wrapper.Policy
	command   []string
	hold      holdMode
	restart   supervise.Policy // the zero value: become the command
}

// parse checks everything that can be checked before anything is touched.
func (o *options) parse(fs *pflag.FlagSet, args []string) (request, error) {
	r := request{}
	// The flags' own values come first: what stands behind a wrong one is a consequence.
	err := eaten("portguard", fs)
	if err != nil {
		return r, err
	}
	if r.policy, err = o.policy(fs); err != nil {
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
	r.restart, err = o.supervision(fs, r)
	return r, err
}

// command takes what stands behind "--".
func (o *options) command(fs *pflag.FlagSet, args []string) ([]string, error) {
	switch dash := fs.ArgsLenAtDash(); {
	case dash == 0 && len(args) == 0:
		return nil, &usageError{`there is no COMMAND after "--"`, "portguard -p 30010 -- java -jar app.jar"}
	case o.argv0 && len(args) < 2 && (dash == 0 || len(args) == 0):
		return nil, &usageError{"--argv0 needs a COMMAND and its name", "portguard --argv0 -p 30010 -- /usr/bin/java order-service -jar app.jar"}
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
	line := o.spelledOut(fs)
	if len(o.ports) == 0 {
		line = append(line, "-p", "30010")
	}
	line = append(append(append(line, "--"), command...), rest...)
	return commandLine(line, 0)
}

// spelledOut is portguard with the flags that were given.
func (o *options) spelledOut(fs *pflag.FlagSet) []string {
	line := []string{"portguard"}
	fs.Visit(func(f *pflag.Flag) {
		name := "--" + f.Name
		if f.Name == "port" {
			name = "-p"
		}
		switch v := f.Value.(type) {
		case pflag.SliceValue:
			for _, one := range v.GetSlice() {
				line = append(line, name, one)
			}
		default:
			line = append(line, name)
			if v.Type() != "bool" {
				line = append(line, v.String())
			}
		}
	})
	return line
}

// endpoints reads the values of -p. right makes a command line of a port.
func (o *options) endpoints(right func(port string) string) ([]netdiag.Endpoint, error) {
	if len(o.ports) == 0 {
		return nil, &usageError{"no endpoint: -p says which port the service will bind", right("30010")}
	}
	opts, err := o.socketOptions()
	if err != nil {
		return nil, err
	}
	var all []netdiag.Endpoint
	for _, text := range o.ports {
		some, err := netdiag.ParseEndpoints(text, opts, lookupService)
		var syntax *netdiag.SyntaxError
		if errors.As(err, &syntax) {
			return nil, &usageError{err.Error(), right(syntax.Right)}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, checkOverlap(all, right)
}

func (o *options) socketOptions() (netdiag.Options, error) {
	opts := netdiag.Options{ReusePort: o.reusePort, V6Only: o.v6Only}
	switch o.reuseAddr {
	case "":
	case "yes":
		opts.ReuseAddr = netdiag.ReuseYes
	case "no":
		opts.ReuseAddr = netdiag.ReuseNo
	default:
		return opts, &usageError{fmt.Sprintf("--reuseaddr %q is neither yes nor no", o.reuseAddr), "portguard --reuseaddr yes -p 30010 -- COMMAND"}
	}
	if o.noReuseAddr {
		if o.reuseAddr == "yes" {
			return opts, &usageError{"--reuseaddr yes and --no-reuseaddr contradict each other", "portguard --no-reuseaddr -p 30010 -- COMMAND"}
		}
		opts.ReuseAddr = netdiag.ReuseNo
	}
	return opts, nil
}

// checkOverlap refuses endpoints that no service could listen on together.
func checkOverlap(all []netdiag.Endpoint, right func(port string) string) error {
	byPort := map[netdiag.Port][]netdiag.Endpoint{}
	for _, e := range all {
		k := e.Key()
		for _, other := range byPort[k] {
			if e.Addr == other.Addr {
				return &usageError{fmt.Sprintf("endpoint %q is given twice", e), right(e.Argument())}
			}
			if e.Overlaps(other) {
				return &usageError{
					fmt.Sprintf("endpoints %q and %q exclude each other: no service can listen on both (with --v6only, [::] leaves IPv4 alone)", other, e),
					right(other.Argument()),
				}
			}
		}
		byPort[k] = append(byPort[k], e)
	}
	return nil
}

func (o *options) policy(fs *pflag.FlagSet) (wrapper.Policy, error) {
	p := wrapper.Policy{
		Share: o.share, Close: o.close, RestartUnit: o.restartUnit, Kill: o.kill,
		KillListeners: o.killListeners, Grace: o.grace, DryRun: o.dryRun,
	}
	var err error
	if p.Wait, err = parseWait(o.wait, fs.Changed("wait")); err != nil {
		return p, err
	}
	if p.Signal, err = parseSignal(o.signal); err != nil {
		return p, err
	}
	if o.grace < 0 {
		return p, &usageError{fmt.Sprintf("--grace %s is negative", o.grace), "portguard --kill --grace 10s -p 30010 -- COMMAND"}
	}
	for _, text := range o.only {
		if err := p.Only.Add(text); err != nil {
			return p, &usageError{"--only " + err.Error(), "portguard --kill --only user=redis -p 30010 -- COMMAND"}
		}
	}
	return p, o.contradictions(fs)
}

// contradictions refuses flags that would silently do nothing.
func (o *options) contradictions(fs *pflag.FlagSet) error {
	for _, name := range []string{"signal", "grace"} {
		if fs.Changed(name) && !o.kill {
			return &usageError{"--" + name + " is about --kill, which is not given", "portguard --kill --" + name + exampleOf(name) + " -p 30010 -- COMMAND"}
		}
	}
	for _, name := range []string{"kill-listeners", "only"} {
		if fs.Changed(name) && !o.kill && !o.close && !o.restartUnit {
			return &usageError{"--" + name + " is about --close, --restart-unit and --kill, none of which is given", "portguard --kill --" + name + exampleOf(name) + " -p 30010 -- COMMAND"}
		}
	}
	switch {
	case o.share && (o.noReuseAddr || o.reuseAddr == "no"):
		return &usageError{"--share needs a service that sets SO_REUSEADDR: only then does it bind beside a connection", "portguard --close --no-reuseaddr -p 30010 -- COMMAND"}
	case o.quiet && o.verbose:
		return &usageError{"--quiet and --verbose contradict each other", "portguard --quiet -p 30010 -- COMMAND"}
	case o.quiet && o.json:
		return &usageError{"--quiet and --json contradict each other", "portguard --json -p 30010"}
	}
	return nil
}

// holdMode is how a port is kept from being taken until the service has it.
type holdMode string

// The ways of holding. The placeholder goes into the service, or into systemd's fd store for the unit, or there is none.
const (
	holdExec    holdMode = "exec"
	holdFDStore holdMode = "fdstore"
	holdNone    holdMode = "none"
)

// holds says which it is; without a COMMAND there is nobody to hand a port on to.
func (o *options) holds(fs *pflag.FlagSet, command bool) (holdMode, error) {
	mode := holdMode(o.hold)
	switch mode {
	case holdExec, holdFDStore:
		if !command && fs.Changed("hold") {
			return "", &usageError{"--hold " + o.hold + " is for a COMMAND, and there is none", "portguard --hold " + o.hold + " -p 30010 -- COMMAND"}
		}
		if !command {
			mode = holdNone
		}
		return mode, nil
	case holdNone:
		return mode, nil
	}
	return "", &usageError{fmt.Sprintf("--hold %q is none of exec, fdstore, none", o.hold), "portguard --hold none -p 30010 -- COMMAND"}
}

func parseWait(text string, given bool) (time.Duration, error) {
	const right = "portguard --wait 30s -p 30010 -- COMMAND"
	if !given {
		return 0, nil
	}
	if text == "forever" {
		return wrapper.Forever, nil
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, &usageError{fmt.Sprintf("--wait %q is not a duration such as 30s, 2m or forever", text), right}
	case d <= 0:
		return 0, &usageError{fmt.Sprintf("--wait %s is no time to wait", text), right}
	}
	return d, nil
}

// parseSignal knows TERM, SIGTERM and 15.
func parseSignal(text string) (unix.Signal, error) {
	name := strings.ToUpper(text)
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= 64 {
		return unix.Signal(n), nil
	}
	if s := unix.SignalNum("SIG" + strings.TrimPrefix(name, "SIG")); s != 0 {
		return s, nil
	}
	return 0, &usageError{fmt.Sprintf("--signal %q is not a signal", text), "portguard --kill --signal TERM -p 30010 -- COMMAND"}
}

// lookupService reads /etc/services. A name is not asked of a directory service: the answer would be too late to trust.
func lookupService(protocol, name string) (int, error) {
	return net.DefaultResolver.LookupPort(context.Background(), protocol, name)
}
