package main

import "github.com/spf13/pflag"

// guardedFlags are those flags of the main command that the command line in front of a unit's command may have.
type guardedFlags struct {
	endpointFlags
	ladderFlags
	holdFlag
}

// set is a set of exactly these flags.
func (o *guardedFlags) set() *pflag.FlagSet {
	fs := pflag.NewFlagSet("guard", pflag.ContinueOnError)
	o.addEndpoints(fs)
	o.addLadder(fs)
	o.addHold(fs)
	return fs
}

// spelled is how a command line gives the flags that were given: -p and the rest. visit is a flag set's VisitAll, for the order
// of --help, or Visit, for that in which they were given.
func spelled(visit func(func(*pflag.Flag))) (ports, rest []string) {
	visit(func(f *pflag.Flag) {
		if !f.Changed {
			return
		}
		switch v := f.Value.(type) {
		case pflag.SliceValue:
			for _, one := range v.GetSlice() {
				if f.Name == "port" {
					ports = append(ports, "-p", one)
				} else {
					rest = append(rest, "--"+f.Name, one)
				}
			}
		default:
			switch {
			case v.Type() != "bool":
				rest = append(rest, "--"+f.Name, v.String())
			case v.String() == "true":
				rest = append(rest, "--"+f.Name)
			}
		}
	})
	return ports, rest
}
