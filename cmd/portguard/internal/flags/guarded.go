package flags

import (
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
)

// Guarded are those flags of the main command that the command line in front of a unit's command may have.
type Guarded struct {
	Endpoint
	Ladder
	Reserve
	Hold
}

// Set is a set of exactly these flags.
func (o *Guarded) Set() *pflag.FlagSet {
	fs := pflag.NewFlagSet("guard", pflag.ContinueOnError)
	o.AddEndpoints(fs)
	o.AddLadder(fs)
	o.AddReserve(fs)
	o.AddHold(fs)
	return fs
}

// ReadGuarded reads back the words of portguard in front of a unit's command, as dropin.DropIn.Guard gives them.
func ReadGuarded(unit string, words []string) (Line, error) {
	var o Guarded
	fs := o.Set()
	if err := fs.Parse(words[1:]); err != nil {
		return Line{}, err
	}
	endpoints, err := o.Endpoints(func(port string) string { return "portguard unit install " + unit + " -p " + port })
	if err != nil {
		return Line{}, err
	}
	_, rest := Spelled(fs.VisitAll)
	return Line{Endpoints: endpoints, Hold: o.Mode, Rest: rest}, nil
}

// Line is what a unit's command line says.
type Line struct {
	Endpoints []netdiag.Endpoint
	Hold      string   // --hold
	Rest      []string // every flag but -p, as it is written
}

// Spelled is how a command line gives the flags that were given: -p and the rest. visit is a flag set's VisitAll, for the order
// of --help, or Visit, for that in which they were given.
func Spelled(visit func(func(*pflag.Flag))) (ports, rest []string) {
	visit(func(f *pflag.Flag) {
		if !f.Changed {
			return
		}
		switch v := f.Value.(type) {
		case *cli.List:
			for _, one := range *v {
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

// Argv0Flag stands in the drop-ins of units whose command has the prefix "@".
const Argv0Flag = "--argv0"
