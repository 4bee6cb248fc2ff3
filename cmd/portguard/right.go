package main

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/complete"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
)

// right shows, with a wrong line, the one that was meant: one mistake after the other is put right, and the rest stays as it was typed.
func right(cmd *cobra.Command, args []string, err error) error {
	var wrong *cli.UsageError
	if !errors.As(err, &wrong) {
		return err
	}
	if plain, strange := mend.Typeset(beforeCommand(args)); plain != nil {
		plain, _ = mend.Typeset(args)
		wrong = &cli.UsageError{Problem: strange, Right: "portguard --help", Mends: []mend.Mend{mend.As(plain...)}}
		err = wrong
	}
	if line := mended(cmd, args, wrong); line != nil {
		wrong.Right = page.CommandLine(append([]string{"portguard"}, withoutUntyped(line, args)...), 0)
	} else if wrong.Right == "" && len(wrong.Mends) > 0 {
		wrong.Right = "portguard --help"
	} else {
		wrong.Right = asDry(cmd.CommandPath(), wrong.Right, beforeCommand(args))
		if words := strings.Fields(wrong.Right); len(words) > 1 && words[0] == "portguard" {
			wrong.Right = strings.Join(append(words[:1], withoutUntyped(words[1:], args)...), " ")
		}
	}
	return err
}

// asDry is an example that stays the dry run which was typed: it may have a rung that was not.
func asDry(command, example string, typed []string) string {
	if strings.HasPrefix(example, "portguard -") { // for whatever command it is shown
		command = "portguard"
	}
	rest, ours := strings.CutPrefix(example, command+" ")
	if !ours || !slices.Contains(typed, "--dry-run") || strings.Contains(rest, "--dry-run") || strings.Contains(rest, "--help") {
		return example
	}
	return command + " --dry-run " + rest
}

func beforeCommand(args []string) []string {
	if at := slices.Index(args, "--"); at >= 0 {
		return args[:at]
	}
	return args
}

// mended is a line without its mistakes; nil where they are too many, or one of them has no mend.
func mended(cmd *cobra.Command, args []string, wrong *cli.UsageError) []string {
	for range 10 {
		line := mend.Read(cmd, args)
		for _, change := range wrong.Mends {
			change(line)
		}
		words := line.Words()
		if slices.Equal(words, args) {
			return nil
		}
		args = words
		var err error
		if cmd, err = rehearse(args); err == nil {
			return args
		}
		if !errors.As(err, &wrong) {
			return nil
		}
	}
	return nil
}

// rehearse reads a line, and does nothing: every command checks its flags before it runs.
func rehearse(args []string) (*cobra.Command, error) {
	a := &cli.App{Args: args, Stdout: io.Discard, Stderr: io.Discard, Log: cli.NewLog(io.Discard)}
	root := newRoot(a)
	complete.Visit(root, func(cmd *cobra.Command) {
		cmd.RunE, cmd.Run = func(*cobra.Command, []string) error { return nil }, nil
	})
	root.SetHelpFunc(func(*cobra.Command, []string) {})
	root.SetArgs(append([]string{}, args...)) // without any, nil would mean our own
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	return root.ExecuteC()
}
