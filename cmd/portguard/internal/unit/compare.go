package unit

import (
	"context"
	"slices"

	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/unit/install"
	"portguard/systemd"
	"portguard/systemd/dropin"
	"portguard/systemd/unitfile"
)

// compare holds a drop-in against what systemd has made of it, and against the unit's own files.
func (u *guardedUnit) compare(ctx context.Context, m *systemd.Manager, dir dropin.Dir) {
	in, err := dir.Read(u.Unit)
	if err != nil {
		return
	}
	svc, err := m.Service(ctx, u.Unit)
	if err != nil {
		return
	}
	loaded := svc.LoadState == systemd.Loaded
	runs := loaded && in.InForce(svc)
	u.LoadState, u.InForce = svc.LoadState, &runs
	u.Outdated = loaded && in.Exec != "" && outdated(in, svc, u.File)
}

// outdated reports whether a wrapped command is no longer what the unit's own files say. What cannot be told is not.
func outdated(in dropin.DropIn, svc systemd.Service, path string) bool {
	files, err := install.ReadUnitFiles(svc, path)
	if err != nil {
		return false
	}
	lines := unitfile.List(files, "Service", "ExecStart")
	if len(lines) != 1 {
		return true
	}
	command, err := unitfile.ParseCommand(lines[0])
	if err != nil {
		return true
	}
	args, err := unitfile.Arguments(in.Exec)
	if err != nil {
		return true
	}
	i := slices.Index(args, "--")
	return i < 0 || command.Behind(args[:i+1]) != in.Exec || command.Argv0 != slices.Contains(args[:i], flags.Argv0Flag)
}
