package unit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/hashicorp/go-multierror"
	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/unit/place"
	"portguard/systemd/dropin"
	"portguard/systemd/unitfile"
)

const unitRemoveLong = `Takes away what "portguard unit install" wrote, reloads systemd, and leaves nothing behind. The service
goes on running as it is; what changes is its next start. For a service that is not guarded the exit status
is 0, too.

With --all it does so for every service whose drop-in starts this very program, as the removal of a package has to:
a service would not start with a drop-in that names a program which is gone.`

func newUnitRemove(a *cli.App) *cobra.Command {
	var all bool
	var of place.Whose
	var name string
	cmd := &cobra.Command{
		Use:     "remove UNIT | --all",
		Short:   "take portguard's drop-in of a service away",
		Long:    unitRemoveLong,
		Example: "  portguard unit remove order.service",
		Args:    cobra.ArbitraryArgs,
		PreRunE: func(_ *cobra.Command, args []string) (err error) {
			switch {
			case all && len(args) > 0:
				return cli.Misuse("--all is every service: it takes no UNIT", "portguard unit remove order.service", mend.Without("all"))
			case !all:
				name, err = place.OneService("remove", args)
			}
			return err
		},
		RunE: func(*cobra.Command, []string) error {
			at, err := of.Place()
			if err != nil {
				return err
			}
			if all {
				return removeUnits(a, at, of)
			}
			return removeUnit(a, at, of, name)
		},
	}
	of.AddFlag(cmd.Flags())
	cmd.Flags().BoolVar(&all, "all", false, "take the drop-ins of all services away that start this very program")
	return cmd
}

func removeUnit(a *cli.App, dir place.Place, of place.Whose, name string) error {
	ctx, cancel := place.Context()
	defer cancel()
	err := dir.Exists(name) // who has nothing to remove needs no right to
	if errors.Is(err, fs.ErrNotExist) {
		m, _ := dir.Connect(ctx) // without one the files tell
		name = place.Unaliased(ctx, m, dir.Dir, name)
		if m != nil {
			m.Close()
		}
		err = dir.Exists(name)
	}
	if err == nil {
		var unlock func()
		if unlock, err = dir.Lock(ctx); err == nil {
			defer unlock()
			if harm, right := of.EditedNow(ctx, dir); harm != "" {
				return cli.Misuse(harm, right)
			}
			err = dir.Remove(name)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintf(a.Stdout, "%s is not guarded: there is no %s\n", name, dir.Path(name))
		return nil
	case err != nil:
		return dir.Failure(err, "remove "+name)
	}
	fmt.Fprintf(a.Stdout, "removed %s\n", dir.Path(name))
	return dir.Failure(place.Reload(ctx, dir), "remove "+name)
}

// removeUnits removes all that it can, whatever cannot be.
func removeUnits(a *cli.App, dir place.Place, of place.Whose) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, cancel := place.Context()
	defer cancel()
	names, err := dir.List()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(names) > 0 {
		unlock, err := dir.Lock(ctx)
		if err != nil {
			return dir.Failure(err, "remove --all")
		}
		defer unlock()
	}
	var failed *multierror.Error
	removed := 0
	for _, name := range names {
		if program, err := starts(dir.Dir, name); errors.Is(err, fs.ErrNotExist) {
			continue // another of us was here before the lock was ours
		} else if err != nil {
			fmt.Fprintf(a.Stderr, "portguard: left alone: %s\n", page.Safe(err.Error()))
			continue
		} else if program != self {
			continue
		}
		if err := dir.Remove(name); err != nil {
			failed = multierror.Append(failed, dir.Failure(err, "remove --all"))
			continue
		}
		fmt.Fprintf(a.Stdout, "removed %s\n", page.Safe(dir.Path(name)))
		removed++
	}
	switch {
	case removed > 0:
		if harm, right := of.EditedNow(ctx, dir); harm != "" { // what is removed is about to go: not to reload would keep services from starting
			fmt.Fprintf(a.Stderr, "portguard: %s\nhint: %s\n", page.Safe(harm), page.Safe(right))
		}
		if err := place.Reload(ctx, dir); err != nil {
			failed = multierror.Append(failed, dir.Failure(err, "remove --all"))
		}
	case failed == nil:
		fmt.Fprintf(a.Stdout, "no service is guarded by %s\n", self)
	}
	if failed != nil {
		failed.ErrorFormat = inOneLine
	}
	return failed.ErrorOrNil()
}

func inOneLine(all []error) string {
	lines := make([]string, len(all))
	for i, err := range all {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "; ")
}

// starts is the program that a drop-in of ours starts.
func starts(dir dropin.Dir, name string) (string, error) {
	in, err := dir.Read(name)
	if err != nil {
		return "", err
	}
	args, err := unitfile.Arguments(in.Line())
	if err != nil {
		return "", fmt.Errorf("%s: %w", dir.Path(name), err)
	}
	if len(args) == 0 {
		return "", nil
	}
	return args[0], nil
}
