package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/wrapper/become"
)

func newVersion(a *cli.App) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "say which portguard this is, and whether it can pass on signals exactly",
		Long:  "Says which portguard this is, and how it knows which signals were ignored when it was started.",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return cli.Misuse(fmt.Sprintf("version takes no argument such as %q", args[0]), "portguard version")
			}
			v := cli.ThisVersion()
			if asJSON {
				return cli.WriteJSON(a.Stdout, v)
			}
			_, err := fmt.Fprintf(a.Stdout, "portguard %s (%s, %s)\nsignals at start: %s\n", v.Version, v.Go, v.Platform, signalSource())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "say it as one JSON document")
	return cmd
}

func signalSource() string {
	if become.Captured() {
		return "captured by our own entry point, exact"
	}
	return "not captured (built without -ldflags='-E portguard/wrapper/become.entry'); what systemd and /proc tell is used"
}
