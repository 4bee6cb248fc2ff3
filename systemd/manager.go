package systemd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
)

// Absent is the error of Connect where systemd is not the service manager: a container, another init. errors.Is finds it.
const Absent absence = "systemd does not run here"

type absence string

func (a absence) Error() string { return string(a) }

// Error is a request that systemd refused, or that did not reach it. errors.Is(err, fs.ErrPermission) tells that the
// caller may not ask for this.
type Error struct {
	Op   string // "connect", "reload", "restart" ...
	Unit string // "" when it is about none
	Err  error
}

func (e *Error) Error() string {
	if e.Unit == "" {
		return fmt.Sprintf("systemd: %s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("systemd: %s %s: %v", e.Op, e.Unit, e.Err)
}

// Unwrap gives Err.
func (e *Error) Unwrap() error { return e.Err }

// Is knows the D-Bus errors that say that this user may not.
func (e *Error) Is(target error) bool {
	var refusal godbus.Error
	if target != fs.ErrPermission || !errors.As(e.Err, &refusal) {
		return false
	}
	return refusal.Name == "org.freedesktop.DBus.Error.AccessDenied" ||
		refusal.Name == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
}

// Manager is a connection to the system's service manager.
type Manager struct {
	conn *dbus.Conn
	end  context.CancelFunc
}

// deaf is how long a bus may take to let us in; then it is as good as none.
const deaf = 5 * time.Second

// Connect reaches systemd by the system bus or, for root, without one where the bus does not answer. Reading is for
// everyone; the rest needs root or a polkit rule. The connection ends with the context. Errors are Absent and *Error.
func Connect(ctx context.Context) (*Manager, error) {
	if _, err := os.Lstat("/run/systemd/system"); errors.Is(err, fs.ErrNotExist) { // sd_booted(3)
		return nil, Absent
	}
	m, err := connectBy(ctx, dbus.NewSystemConnectionContext)
	if err != nil && os.Geteuid() == 0 && ctx.Err() == nil {
		byBus := err
		if m, err = connectBy(ctx, dbus.NewSystemdConnectionContext); err != nil {
			err = fmt.Errorf("system bus: %w; without it: %w", byBus, err)
		}
	}
	if err != nil {
		return nil, &Error{Op: "connect", Err: err}
	}
	return m, nil
}

// ConnectUser reaches the manager of the user who asks, by the user's own bus.
func ConnectUser(ctx context.Context) (*Manager, error) {
	m, err := connectBy(ctx, dbus.NewUserConnectionContext)
	if err != nil {
		return nil, &Error{Op: "connect", Err: err}
	}
	return m, nil
}

func connectBy(ctx context.Context, dial func(context.Context) (*dbus.Conn, error)) (*Manager, error) {
	ctx, end := context.WithCancelCause(ctx)
	late := time.AfterFunc(deaf, func() { end(fmt.Errorf("no answer within %s", deaf)) })
	conn, err := dial(ctx)
	if !late.Stop() || err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		end(nil)
		return nil, err
	}
	return &Manager{conn, func() { end(nil) }}, nil
}

// Close ends the connection.
func (m *Manager) Close() {
	m.conn.Close()
	m.end()
}

// Reload makes systemd read its unit files again, and returns when it has. Whether that is needed cannot be known:
// NeedDaemonReload stays "no" for the first drop-in in a new directory (seen with 247 and 252).
func (m *Manager) Reload(ctx context.Context) error {
	if err := m.conn.ReloadContext(ctx); err != nil {
		return &Error{Op: "reload", Err: err}
	}
	return nil
}
