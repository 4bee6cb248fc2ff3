// Package place answers: which unit is meant, where are its files, and which manager reads them?
package place

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/wholefile"
	"portguard/systemd"
	"portguard/systemd/dropin"
)

// Place is where a unit's files are, and which manager reads them: the system's or, with --user, that of the calling user.
type Place struct {
	dropin.Dir
	runtime string // the user's; "" for the system's manager
}

// Whose is the flag.
type Whose struct{ User bool }

// AddFlag adds it.
func (w *Whose) AddFlag(fs *pflag.FlagSet) {
	fs.BoolVar(&w.User, "user", false, "a unit of your own manager (systemctl --user), not of the system's")
}

// Place is that of the flag.
func (w Whose) Place() (Place, error) {
	if !w.User {
		return Place{Dir: dropin.System}, nil
	}
	runtime := os.Getenv("XDG_RUNTIME_DIR")
	config, err := os.UserConfigDir()
	if err == nil && runtime == "" {
		err = errors.New("$XDG_RUNTIME_DIR is not set")
	}
	if err != nil {
		return Place{}, &noSessionError{err}
	}
	return Place{dropin.Dir(filepath.Join(config, "systemd/user")), runtime}, nil
}

// Manager is the command that reaches it.
func (w Whose) Manager() string {
	if w.User {
		return "systemctl --user"
	}
	return "systemctl"
}

// HasOwn reports whether the calling user's manager has a unit.
func HasOwn(name string) bool {
	at, err := Whose{User: true}.Place()
	if err != nil {
		return false
	}
	ctx, cancel := Context()
	defer cancel()
	m, err := at.Connect(ctx)
	if err != nil {
		return false
	}
	defer m.Close()
	svc, err := m.Service(ctx, name)
	return err == nil && svc.LoadState == systemd.Loaded
}

// Connect reaches the manager.
func (p Place) Connect(ctx context.Context) (*systemd.Manager, error) {
	if p.runtime == "" {
		return systemd.Connect(ctx)
	}
	m, err := systemd.ConnectUser(ctx)
	if err != nil {
		return nil, &noSessionError{err}
	}
	return m, nil
}

// Unaliased is the name that a service has its drop-in under, where it was called by another: systemd's word or, where none runs, as
// in an image that is being built, the link that an alias is.
func Unaliased(ctx context.Context, m *systemd.Manager, dir dropin.Dir, name string) string {
	if m == nil {
		if target, err := os.Readlink(filepath.Join(string(dir), name)); err == nil {
			if real, err := systemd.ServiceName(filepath.Base(target)); err == nil {
				return real
			}
		}
		return name
	}
	svc, err := m.Service(ctx, name)
	if err != nil || svc.LoadState != systemd.Loaded {
		return name
	}
	return svc.Name
}

// Lock is dropin.Dir's, but in a directory that its user may write.
func (p Place) Lock(ctx context.Context) (unlock func(), err error) {
	if p.runtime == "" {
		return p.Dir.Lock(ctx)
	}
	return wholefile.Lock(ctx, filepath.Join(p.runtime, filepath.Base(dropin.LockFile)))
}

// Prepare makes the directory of a user who has none.
func (p Place) Prepare() error {
	if p.runtime == "" {
		return nil
	}
	return os.MkdirAll(string(p.Dir), 0o755)
}

// noSessionError is a user whose manager cannot be reached.
type noSessionError struct{ err error }

func (e *noSessionError) Error() string {
	return fmt.Sprintf("your service manager cannot be reached: %v", e.err)
}

func (e *noSessionError) Unwrap() error { return e.err }

// ExitStatus is that of a systemd that cannot be asked.
func (*noSessionError) ExitStatus() int { return cli.ExitOSErr }

// Hint reaches that of a user who is not logged in, as well.
func (*noSessionError) Hint() string {
	return "loginctl enable-linger USER; systemd-run --machine=USER@ --user --pipe --wait portguard unit install --user ..."
}

// notYoursError is a user who may not change his own unit files. Root's are others: sudo would be about the unit of another manager.
type notYoursError struct{ err error }

func (e *notYoursError) Error() string {
	return fmt.Sprintf("you may not change how your own services start: %v", e.err)
}

func (e *notYoursError) Unwrap() error { return e.err }

// ExitStatus is that of a missing right.
func (*notYoursError) ExitStatus() int { return cli.ExitNoPerm }
