package systemd

import (
	"context"
	"fmt"
)

// JobError is a job that systemd took on and that did not end well.
type JobError struct {
	Op, Unit string
	Result   string // "failed", "canceled", "timeout", "dependency", "skipped" ...
}

func (e *JobError) Error() string { return fmt.Sprintf("systemd: %s %s: %s", e.Op, e.Unit, e.Result) }

// RestartUnit stops a unit, if it runs, starts it, and waits until it is up. Errors are *Error, *JobError and
// the context's: then the job goes on.
func (m *Manager) RestartUnit(ctx context.Context, unit string) error {
	return await(ctx, "restart", unit, m.conn.RestartUnitContext)
}

type request func(ctx context.Context, unit, mode string, result chan<- string) (int, error)

// await asks for a job and waits for its result.
func await(ctx context.Context, op, unit string, ask request) error {
	done := make(chan string, 1) // the connection is deaf until the result is taken
	if _, err := ask(ctx, unit, "replace", done); err != nil {
		return &Error{Op: op, Unit: unit, Err: err}
	}
	select {
	case result := <-done:
		if result != "done" {
			return &JobError{op, unit, result}
		}
		return nil
	case <-ctx.Done():
		return &Error{Op: op, Unit: unit, Err: context.Cause(ctx)}
	}
}
