package flags

import (
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
)

// Output are the flags that say how much is said, and how it looks.
type Output struct {
	JSON    bool
	Quiet   bool
	Verbose bool
	NoColor bool
}

// showing is the title of these flags.
const showing = "Output"

// AddOutput adds those that every command has which reports on endpoints.
func (o *Output) AddOutput(fs *pflag.FlagSet) {
	cli.Titled(fs, showing, func(fs *pflag.FlagSet) {
		fs.BoolVarP(&o.Quiet, "quiet", "q", false, "print errors only; the exit status tells whether the port is free")
		AddNoColor(fs, &o.NoColor)
	})
}

// AddNoColor adds --no-color.
func AddNoColor(fs *pflag.FlagSet, noColor *bool) {
	fs.BoolVar(noColor, "no-color", false, "never use colour, as with NO_COLOR")
}

// AddJSON adds --json.
func (o *Output) AddJSON(fs *pflag.FlagSet) {
	cli.Titled(fs, showing, func(fs *pflag.FlagSet) {
		fs.BoolVar(&o.JSON, "json", false, "report as one JSON document")
	})
}

// AddVerbose adds --verbose. usage says what is said beside the rest.
func (o *Output) AddVerbose(fs *pflag.FlagSet, usage string) {
	cli.Titled(fs, showing, func(fs *pflag.FlagSet) {
		fs.BoolVarP(&o.Verbose, "verbose", "v", false, usage)
	})
}

// Check refuses what contradicts itself.
func (o *Output) Check() error {
	switch {
	case o.Quiet && o.Verbose:
		return cli.Misuse("--quiet and --verbose contradict each other", "portguard --quiet -p 30010 -- COMMAND", mend.Without("verbose"))
	case o.Quiet && o.JSON:
		return cli.Misuse("--quiet and --json contradict each other", "portguard --json -p 30010", mend.Without("quiet"))
	}
	return nil
}
