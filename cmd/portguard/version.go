package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
)

func newVersion(a *cli.App) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "show the version",
		Long:  "Says which portguard this is, and how it knows which signals were ignored when it was started.",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return cli.Misuse(fmt.Sprintf("version takes no argument such as %q", args[0]), "portguard version")
			}
			return a.SayVersion(asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "report as one JSON document")
	return cmd
}
