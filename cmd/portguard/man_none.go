//go:build !man

package main

import "github.com/spf13/cobra"

// newManual is nothing in the program that people install: see man.go.
func newManual() []*cobra.Command { return nil }
