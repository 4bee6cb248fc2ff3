package main

import (
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
)

// outputFlags say how much is said, and how it looks.
type outputFlags struct {
	json    bool
	quiet   bool
	verbose bool
	noColor bool
}

// addOutput adds those that every command has which reports on endpoints.
func (o *outputFlags) addOutput(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.quiet, "quiet", "q", false, "say nothing but errors; whether the port is free the exit status tells")
	fs.BoolVar(&o.noColor, "no-color", false, "no colour, as with NO_COLOR; there is none but on a terminal")
}

func (o *outputFlags) addJSON(fs *pflag.FlagSet) {
	fs.BoolVar(&o.json, "json", false, "report as one JSON document")
}

func (o *outputFlags) addVerbose(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.verbose, "verbose", "v", false, "say also what goes without saying")
}

// check refuses what contradicts itself.
func (o *outputFlags) check() error {
	switch {
	case o.quiet && o.verbose:
		return cli.Misuse("--quiet and --verbose contradict each other", "portguard --quiet -p 30010 -- COMMAND")
	case o.quiet && o.json:
		return cli.Misuse("--quiet and --json contradict each other", "portguard --json -p 30010")
	}
	return nil
}
