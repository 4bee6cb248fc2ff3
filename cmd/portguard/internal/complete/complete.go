// Package complete answers: what may stand here on the command line? It has the command completion, and what the shells ask.
package complete

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
)

const completionLong = `Prints the script that completes portguard's command line in a shell. Besides commands and flags it offers what
this host has right now: ports that are in use, and by whom; services to guard, and guarded ones.

The packages install these scripts. By hand:

  bash  portguard completion bash >/etc/bash_completion.d/portguard
  zsh   portguard completion zsh >/usr/local/share/zsh/site-functions/_portguard
  fish  portguard completion fish >/etc/fish/completions/portguard.fish`

// shells are those with a completion script.
func shells(root *cobra.Command) map[string]func(io.Writer) error {
	return map[string]func(io.Writer) error{
		"bash": func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"zsh":  root.GenZshCompletion,
		"fish": func(w io.Writer) error { return root.GenFishCompletion(w, true) },
	}
}

// New is the command completion.
func New(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:       "completion bash|zsh|fish",
		Short:     "print the completion script of a shell",
		Long:      completionLong,
		Example:   "  . <(portguard completion bash)",
		Args:      cobra.ArbitraryArgs,
		ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(cmd *cobra.Command, args []string) error {
			const right = "portguard completion bash"
			if len(args) != 1 {
				return cli.Misuse(fmt.Sprintf("completion takes one shell, not %d", len(args)), right)
			}
			generate, ok := shells(cmd.Root())[args[0]]
			if !ok {
				return cli.Misuse(fmt.Sprintf("%q is none of bash, zsh, fish", args[0]), right)
			}
			return generate(a.Stdout)
		},
	}
}

// All says, for every command of the tree, what its arguments and its flags' values can be. Where none is known they are no files.
func All(root *cobra.Command) {
	arguments := map[string]cobra.CompletionFunc{
		"portguard":              completeCommand,
		"portguard help":         completeNames,
		"portguard audit":        completePorts,
		"portguard reserve":      completePorts,
		"portguard release":      completeReserved,
		"portguard unit install": firstOnly(completeServices),
		"portguard unit remove":  firstOnly(completeGuarded),
		"portguard unit show":    firstOnly(completeGuarded),
	}
	values := map[string]cobra.CompletionFunc{
		"port":        completePorts,
		"hold":        oneOf(string(flags.HoldExec), string(flags.HoldFDStore), string(flags.HoldNone)),
		"only":        completeOnly,
		"signal":      oneOf("TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL"),
		"stop-signal": oneOf("QUIT", "HUP", "USR1", "USR2", "WINCH"),
		"unit":        completeServices,
		"netns":       completeNetns,
		"as-user":     completeUsers,
		"output": func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
		"restart-limit": oneOf("5/1m", "1/30s", "none"),
		"ready":         oneOf("10s", "30s", "2m", "forever"),
		"wait":          oneOf("10s", "30s", "2m", "forever"),
	}
	Visit(root, func(cmd *cobra.Command) {
		if f := arguments[cmd.CommandPath()]; f != nil {
			cmd.ValidArgsFunction = f
		} else if cmd.ValidArgs == nil {
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			complete := values[f.Name]
			if complete == nil {
				complete = completeAlternatives(f)
			}
			_ = cmd.RegisterFlagCompletionFunc(f.Name, complete) // the flag is there, and has none yet
		})
	})
}

// Plain takes the backquotes out of the usages of all flags: help reads from them what a flag takes, but shells show them as they are.
func Plain(root *cobra.Command) {
	Visit(root, func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { _, f.Usage = pflag.UnquoteUsage(f) })
	})
}

// Visit calls a function for a command and all below it.
func Visit(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, c := range cmd.Commands() {
		Visit(c, f)
	}
}

// completeAlternatives offers the values of a flag whose usage names them, `yes|no`, and some for a `DURATION`.
func completeAlternatives(f *pflag.Flag) cobra.CompletionFunc {
	switch name, _ := pflag.UnquoteUsage(f); {
	case name == "DURATION":
		return oneOf("10s", "30s", "2m")
	case strings.Contains(name, "|"):
		return oneOf(strings.Split(name, "|")...)
	}
	return cobra.NoFileCompletions
}

func oneOf(words ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

// firstOnly offers nothing for a second argument.
func firstOnly(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, typed)
	}
}

// completeNames offers the commands below the one that is named so far.
func completeNames(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	about, _, err := cmd.Root().Find(args)
	var all []cobra.Completion
	for _, c := range about.Commands() {
		if err == nil && c.IsAvailableCommand() && strings.HasPrefix(c.Name(), typed) {
			all = append(all, cobra.CompletionWithDesc(c.Name(), c.Short))
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}
