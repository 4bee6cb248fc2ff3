package install

import (
	"context"
	"errors"
	"fmt"
	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/unit/place"
	"portguard/internal/wholefile"
	"portguard/systemd"
	"portguard/systemd/unitfile"
)

// installUnit looks, decides, writes, and makes sure that systemd has understood.
func installUnit(a *cli.App, dir place.Place, in installation) error {
	if !in.dryRun {
		err := errors.Join(dir.Prepare(), dir.Writable())
		switch {
		case err != nil && !in.User && place.HasOwn(in.name):
			return in.isYourOwn()
		case err != nil:
			return dir.Failure(err, in.line)
		}
	}
	ctx, cancel := place.Context()
	defer cancel()
	if !in.dryRun {
		unlock, err := dir.Lock(ctx)
		if err != nil {
			return dir.Failure(err, in.line)
		}
		defer unlock()
	}
	m, err := dir.Connect(ctx)
	if err != nil {
		return dir.Failure(err, in.line)
	}
	defer m.Close()
	svc, p, err := in.decide(ctx, m, dir)
	switch {
	case in.dryRun && err != nil:
		return err
	case !in.dryRun && err == nil && p.inForce(dir.Dir, svc):
		fmt.Fprintf(a.Stdout, "unchanged %s\n", dir.Path(svc.Name))
		return nil
	}
	if err := in.Spares(ctx, m); err != nil {
		return dir.Failure(err, in.line)
	}
	if in.dryRun {
		fmt.Fprintf(a.Stdout, "# %s\n%s", dir.Path(svc.Name), p.dropIn.Render())
		sayNotes(a, p.notes)
		return nil
	}
	unread := true // what was refused may be right by now
	if err == nil {
		if unread, err = m.Unread(svc); err != nil {
			return dir.Failure(err, in.line)
		}
	}
	if unread { // what is decided on has to be what is there
		if err := m.Reload(ctx); err != nil {
			return dir.Failure(err, in.line)
		}
		if svc, p, err = in.decide(ctx, m, dir); err != nil {
			return err
		}
	}
	if err := write(ctx, m, dir.Dir, svc, p); err != nil {
		return dir.Failure(err, in.line)
	}
	fmt.Fprintf(a.Stdout, "wrote %s\n%s is guarded from its next start on (%s restart %s)\n", dir.Path(svc.Name), svc.Name, in.Manager(), svc.Name)
	sayNotes(a, p.notes)
	return nil
}

// decide looks at the service as systemd knows it, and plans its drop-in, or says why there can be none.
func (in *installation) decide(ctx context.Context, m *systemd.Manager, dir place.Place) (systemd.Service, plan, error) {
	svc, err := m.Service(ctx, in.name)
	if err != nil {
		return svc, plan{}, dir.Failure(err, in.line)
	}
	if err := refuse(svc, in); err != nil {
		return svc, plan{}, err
	}
	if err := in.settleEndpoints(ctx, m, svc); err != nil {
		return svc, plan{}, err
	}
	if err := in.cannotBeReady(ctx, svc); err != nil {
		return svc, plan{}, err
	}
	files, err := ReadUnitFiles(svc, dir.Path(svc.Name))
	if err != nil {
		return svc, plan{}, dir.Failure(err, in.line)
	}
	p, err := in.plan(svc, files)
	return svc, p, err
}

func sayNotes(a *cli.App, notes []string) {
	for _, n := range notes {
		fmt.Fprintf(a.Stdout, "note: %s\n", n)
	}
}

// ReadUnitFiles reads a unit's files in the order in which they count, but for one.
func ReadUnitFiles(svc systemd.Service, but string) ([][]unitfile.Assignment, error) {
	var files [][]unitfile.Assignment
	for _, path := range append([]string{svc.FragmentPath}, svc.DropInPaths...) {
		if path == but || path == "" {
			continue
		}
		text, err := wholefile.Read(path)
		if err != nil {
			return nil, err
		}
		files = append(files, unitfile.Parse(string(text)))
	}
	return files, nil
}
