package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"portguard/wrapper/become"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "say which portguard this is, and whether it can pass on signals exactly",
		Long:  "Says which portguard this is, and how it knows which signals were ignored when it was started.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.stdout, "portguard %s (%s, linux/%s)\nsignals at start: %s\n", version(), runtime.Version(), runtime.GOARCH, signalSource())
			return err
		},
	}
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func signalSource() string {
	if become.Captured() {
		return "captured by our own entry point, exact"
	}
	return "not captured (built without -ldflags='-E portguard/wrapper/become.entry'); what systemd and /proc tell is used"
}
