package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/audit"
	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/complete"
	"portguard/cmd/portguard/internal/guard"
	"portguard/cmd/portguard/internal/hold"
	"portguard/cmd/portguard/internal/man"
	"portguard/cmd/portguard/internal/ports"
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
	root.SetFlagErrorFunc(cli.FlagError)
	root.SetHelpFunc(help)
	return root
}

func addCommands(root *cobra.Command, a *cli.App) {
	helper := newHelp()
	root.SetHelpCommand(helper)
	root.AddCommand(hold.New(a), newVersion(a))
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
				return cli.Misuse(fmt.Sprintf("there is no command %q", strings.Join(args, " ")), "portguard --help")
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

func help(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "Usage: %s\n\n%s\n", cmd.UseLine(), strings.TrimSpace(cmd.Long))
	if cmd.Example != "" {
		fmt.Fprintf(w, "\n%s\n", cmd.Example)
	}
	fmt.Fprintf(w, "\nFlags:\n%s", cmd.LocalFlags().FlagUsages())
	if cmd.HasParent() {
		return
	}
	fmt.Fprintf(w, "\nCommands:\n")
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			fmt.Fprintf(w, "  %-10s %s\n", c.Name(), c.Short)
		}
	}
	fmt.Fprintf(w, "\nExit status:\n")
	cli.PrintStatuses(w)
}
