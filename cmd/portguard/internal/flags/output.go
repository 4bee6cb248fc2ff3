package flags

import (
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
)

// Output are the flags that say how much is said, and how it looks.
type Output struct {
	JSON    bool
	Quiet   bool
	Verbose bool
	NoColor bool
}

// AddOutput adds those that every command has which reports on endpoints.
func (o *Output) AddOutput(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.Quiet, "quiet", "q", false, "say nothing but errors; whether the port is free the exit status tells")
	fs.BoolVar(&o.NoColor, "no-color", false, "no colour, as with NO_COLOR; there is none but on a terminal")
}

// AddJSON adds --json.
func (o *Output) AddJSON(fs *pflag.FlagSet) {
	fs.BoolVar(&o.JSON, "json", false, "report as one JSON document")
}

// AddVerbose adds --verbose.
func (o *Output) AddVerbose(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.Verbose, "verbose", "v", false, "say also what goes without saying")
}

// Check refuses what contradicts itself.
func (o *Output) Check() error {
	switch {
	case o.Quiet && o.Verbose:
		return cli.Misuse("--quiet and --verbose contradict each other", "portguard --quiet -p 30010 -- COMMAND")
	case o.Quiet && o.JSON:
		return cli.Misuse("--quiet and --json contradict each other", "portguard --json -p 30010")
	}
	return nil
}
