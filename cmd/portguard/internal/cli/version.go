package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"portguard/cmd/portguard/internal/page"
	"portguard/wrapper/become"
)

// The JSON document of version, schema version 1: fields are added, never renamed or removed.
type Version struct {
	Schema       int     `json:"schema"`  // the version of this document's schema
	Version      string  `json:"version"` // a tag, a pseudo-version as Go makes it, or "(devel)"
	Commit       *string `json:"commit"`  // null: built without the repository
	Date         *string `json:"date"`    // of the commit, RFC 3339; the same commit gives the same binary whenever it is built
	Modified     bool    `json:"modified"`
	Go           string  `json:"go"`
	Platform     string  `json:"platform"`
	ExactSignals bool    `json:"exact_signals"` // the state of the signals at the start is known for certain
}

// ThisVersion is what the Go command has stamped into this binary.
func ThisVersion() Version {
	v := Version{
		Schema: 1, Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
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
			v.Commit = page.Ptr(s.Value)
		case "vcs.time":
			v.Date = page.Ptr(s.Value)
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

// SayVersion tells which portguard this is.
func (a *App) SayVersion(asJSON bool) error {
	v := ThisVersion()
	v.ExactSignals = a.Inherited.Exact()
	if asJSON {
		return page.WriteJSON(a.Stdout, v)
	}
	_, err := fmt.Fprintf(a.Stdout, "portguard %s (%s, %s)\nsignals at start: %s\n", v.Version, v.Go, v.Platform, signalSource(a.Inherited))
	return err
}

func signalSource(in become.Inherited) string {
	switch {
	case in.Captured:
		return "captured by our own entry point, exact"
	case in.Remembered:
		return "as the Go runtime noted them down, exact (built without -ldflags='-E portguard/wrapper/become.entry')"
	}
	return "not captured (built without -ldflags='-E portguard/wrapper/become.entry' and without symbols); what systemd and /proc tell is used"
}
