package guard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/flags"
)

// Advice repeats what this run was told, each word where it means the same.
func TestGivenOf(t *testing.T) {
	for _, tt := range []struct {
		line string
		want flags.Given
	}{
		{"-p 30010 --no-reuseaddr --json --dry-run --no-color -v", flags.Given{}},
		{"--share --wait 30s", flags.Given{Ladder: strings.Fields("--share --wait 30s")}},
		{"--kill --kill-listeners --signal INT --grace 1s --only user=app --only exe=/bin/x", flags.Given{
			Ladder: strings.Fields("--grace 1s --kill --kill-listeners --only user=app --only exe=/bin/x --signal INT"),
			Kill:   strings.Fields("--grace 1s --signal INT"), Cut: strings.Fields("--only user=app --only exe=/bin/x")}},
		{"--reserve --force --hold none --restart always --argv0", flags.Given{Rest: strings.Fields("--argv0 --force --hold none --reserve --restart always")}},
	} {
		var o options
		fs := pflag.NewFlagSet("portguard", pflag.ContinueOnError)
		o.addFlags(fs)
		fs.SortFlags = true
		if err := fs.Parse(strings.Fields(tt.line)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, flags.GivenOf(fs)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.line, diff)
		}
	}
}
