package guard

import (
	"io"

	"github.com/spf13/pflag"
)

// parses reports whether the words would be a right line.
func parses(words []string) bool {
	o := options{line: words}
	fs := newFlags(&o)
	if fs.Parse(words) != nil {
		return false
	}
	_, err := o.parse(fs, fs.Args())
	return err == nil
}

// newFlags is a set of the main command's flags.
func newFlags(o *options) *pflag.FlagSet {
	fs := pflag.NewFlagSet("portguard", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.SetInterspersed(false)
	o.addFlags(fs)
	return fs
}
