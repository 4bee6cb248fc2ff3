package install

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/flags"
	"portguard/systemd"
	"portguard/systemd/dropin"
)

// write puts the drop-in in its place. When systemd does not make of it what was meant, all is as it was before.
func write(ctx context.Context, m *systemd.Manager, dir dropin.Dir, before systemd.Service, p plan) error {
	old, missing := dir.Read(before.Name)
	if err := dir.Write(p.dropIn); err != nil {
		return err
	}
	err := takeEffect(ctx, m, before, p, missing == nil && old.Exec != "")
	if err == nil {
		return nil
	}
	if missing == nil {
		err = errors.Join(err, dir.Write(old))
	} else {
		err = errors.Join(err, dir.Remove(before.Name))
	}
	return errors.Join(err, m.Reload(ctx))
}

// inForce reports whether the drop-in is there already, to the byte, and systemd runs what it says.
func (p plan) inForce(dir dropin.Dir, svc systemd.Service) bool {
	return !svc.Outdated && dir.Has(p.dropIn) && p.verify(svc, svc, true) == nil
}

// takeEffect reloads and looks. wrapped says that the command was behind portguard before.
func takeEffect(ctx context.Context, m *systemd.Manager, before systemd.Service, p plan, wrapped bool) error {
	if err := m.Reload(ctx); err != nil {
		return err
	}
	after, err := m.Service(ctx, before.Name)
	if err != nil {
		return err
	}
	return p.verify(before, after, wrapped)
}

// verify makes sure that systemd runs what was meant.
func (p plan) verify(before, after systemd.Service, wrapped bool) error {
	fail := func(why string) error {
		return fmt.Errorf("%s: %s; nothing was changed", after.Name, why)
	}
	if after.LoadState != systemd.Loaded {
		return fail("systemd does not load it with the drop-in (" + after.LoadState + ")")
	}
	runs := func(all []systemd.Exec, argv []string) bool {
		return slices.ContainsFunc(all, func(e systemd.Exec) bool { return e.Is(argv) })
	}
	if p.post != nil && !runs(after.ExecStartPost, p.post) {
		return fail("the ExecStartPost= does not come into force; is there a drop-in after " + dropin.FileName + "? " + strings.Join(after.DropInPaths, " "))
	}
	if p.dropIn.Pre != "" {
		if !runs(after.ExecStartPre, p.argv) {
			return fail("the ExecStartPre= does not come into force; is there a drop-in after " + dropin.FileName + "? " + strings.Join(after.DropInPaths, " "))
		}
		return nil
	}
	// Of a command that was behind portguard before, systemd tells what it was then, not what it is in the unit's own files.
	got, want := []string{}, slices.Clone(p.argv)
	if len(after.ExecStart) == 1 {
		got = after.ExecStart[0].Args
	}
	if wrapped {
		got = got[:min(len(got), len(want))]
	} else {
		if slices.Contains(p.argv, flags.Argv0Flag) { // then Args begins with the name, not with the program
			want = append(want, before.ExecStart[0].Path)
		}
		want = append(want, before.ExecStart[0].Args...)
	}
	if !slices.Equal(systemd.Words(got), systemd.Words(want)) {
		return fail("the ExecStart= does not come into force; is there a drop-in after " + dropin.FileName + "? " + strings.Join(after.DropInPaths, " "))
	}
	return nil
}
