package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/complete"
)

// Whoever leaves out the value of a flag is shown a line in which the flag has one, and takes nothing else for it.
func TestEveryFlagHasAnExampleOfItsValue(t *testing.T) {
	a := &cli.App{}
	complete.Visit(newRoot(a), func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.NoOptDefVal != "" {
				return
			}
			line := cli.Hint(a.FlagError(cmd, cmd.ParseFlags([]string{"--" + f.Name})))
			of, words, err := newRoot(a).Find(strings.Fields(line)[1:])
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			example := strings.TrimSpace(cli.ExampleOf(f.Name))
			if f.Name == "port" {
				example = "30010"
			}
			if err := of.ParseFlags(words); err != nil {
				t.Errorf("%s: %v", line, err)
			} else if got := strings.Trim(of.Flag(f.Name).Value.String(), "[]"); example == "" || got != example {
				t.Errorf("%s: --%s is %q, want %q", line, f.Name, got, example)
			}
		})
	})
}
