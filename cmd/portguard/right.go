package main

import (
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/complete"
)

// right shows, with a wrong line, the one that was meant: one mistake after the other is put right, and the rest stays as it was typed.
func right(cmd *cobra.Command, args []string, err error) error {
	var wrong *cli.UsageError
	if !errors.As(err, &wrong) {
		return err
	}
	if plain, strange := cli.Typeset(beforeCommand(args)); plain != nil {
		plain, _ = cli.Typeset(args)
		wrong = &cli.UsageError{Problem: strange, Right: "portguard --help", Mends: []cli.Mend{cli.As(plain...)}}
		err = wrong
	}
	if line := mended(cmd, args, wrong); line != nil {
		wrong.Right = cli.CommandLine(append([]string{"portguard"}, line...), 0)
	} else if wrong.Right == "" && len(wrong.Mends) > 0 {
		wrong.Right = "portguard --help"
	}
	return err
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
		line := cli.Line{Words: slices.Clone(args), Command: cmd}
		for _, mend := range wrong.Mends {
			mend(&line)
		}
		if slices.Equal(line.Words, args) {
			return nil
		}
		args = line.Words
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
	root.SetArgs(args)
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	return root.ExecuteC()
}
