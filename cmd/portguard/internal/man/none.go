//go:build !man

package man

import (
	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
)

// New is nothing in the program that people install: see man.go.
func New(func(*cli.App) *cobra.Command) []*cobra.Command { return nil }
