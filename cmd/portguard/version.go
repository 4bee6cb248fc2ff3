package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"portguard/wrapper/become"
)

// The JSON document of version, schema version 1: fields are added, never renamed or removed.
type jsonVersion struct {
	Schema       int     `json:"schema"`  // the version of this document's schema
	Version      string  `json:"version"` // a tag, a pseudo-version as Go makes it, or "(devel)"
	Commit       *string `json:"commit"`  // null: built without the repository
	Date         *string `json:"date"`    // of the commit, RFC 3339; the same commit gives the same binary whenever it is built
	Modified     bool    `json:"modified"`
	Go           string  `json:"go"`
	Platform     string  `json:"platform"`
	ExactSignals bool    `json:"exact_signals"` // the state of the signals at the start was captured
}

func newVersion(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "say which portguard this is, and whether it can pass on signals exactly",
		Long:  "Says which portguard this is, and how it knows which signals were ignored when it was started.",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Sprintf("version takes no argument such as %q", args[0]), "portguard version"}
			}
			v := thisVersion()
			if asJSON {
				return writeJSON(a.stdout, v)
			}
			_, err := fmt.Fprintf(a.stdout, "portguard %s (%s, %s)\nsignals at start: %s\n", v.Version, v.Go, v.Platform, signalSource())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "say it as one JSON document")
	return cmd
}

// thisVersion is what the Go command has stamped into this binary.
func thisVersion() jsonVersion {
	v := jsonVersion{
		Schema: 1, Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, ExactSignals: become.Captured(),
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = ptr(s.Value)
		case "vcs.time":
			v.Date = ptr(s.Value)
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func signalSource() string {
	if become.Captured() {
		return "captured by our own entry point, exact"
	}
	return "not captured (built without -ldflags='-E portguard/wrapper/become.entry'); what systemd and /proc tell is used"
}
