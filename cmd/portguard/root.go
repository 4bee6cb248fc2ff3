package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/audit"
	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/complete"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/guard"
	"portguard/cmd/portguard/internal/hold"
	"portguard/cmd/portguard/internal/man"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/ports"
	"portguard/cmd/portguard/internal/ready"
	"portguard/cmd/portguard/internal/unit"
)

// newRoot builds the command tree.
func newRoot(a *cli.App) *cobra.Command {
	root := newMain(a)
	addCommands(root, a)
	return root
}

// newMain is the main command by itself.
func newMain(a *cli.App) *cobra.Command {
	root := guard.New(a)
	root.SetFlagErrorFunc(a.FlagError)
	root.SetHelpFunc(help)
	return root
}

func addCommands(root *cobra.Command, a *cli.App) {
	helper := newHelp()
	root.SetHelpCommand(helper)
	root.AddCommand(hold.New(a), ready.New(a), newVersion(a))
	root.AddCommand(unit.New(a))
	root.AddCommand(audit.New(a))
	root.AddCommand(ports.NewReserve(a), ports.NewRelease(a), ports.NewRange(a))
	root.AddCommand(guard.NewBecome(a), complete.New(a), helper)
	root.AddCommand(man.New(newRoot)...)
	complete.All(root)
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "say what a command of portguard's does",
		Long:  "Says what a command of portguard's does, as its flag --help does.",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				right := "portguard --help"
				if flags.IsPort(args[0]) {
					right = page.CommandLine([]string{"portguard", "-p", args[0]}, 0)
				}
				return cli.Misuse(fmt.Sprintf("there is no command %q", strings.Join(args, " ")), right)
			}
			about.InitDefaultHelpFlag()
			cli.Help(cmd.OutOrStdout(), about)
			return nil
		},
	}
}

// help is the whole, but for a bare -h of the main command.
func help(cmd *cobra.Command, _ []string) {
	if cmd.HasParent() || cmd.Flags().Changed("help") {
		cli.Help(cmd.OutOrStdout(), cmd)
		return
	}
	page.Lay(cmd.OutOrStdout(), guard.Brief(cli.CommandNames(cmd)))
}
