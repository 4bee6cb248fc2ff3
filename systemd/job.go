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

// Job is a request that systemd has taken on. It goes on whether somebody asks after it or not, also when the connection
// has ended.
type Job struct {
	op, unit string
	result   chan string // the connection is deaf while nobody takes a result, so there is room for it
	ended    bool
	err      error
}

// Restart asks systemd to stop a unit, if it runs, and to start it, and returns when the request is queued. One that would
// undo what others have asked for, such as the start of a service that this unit conflicts with, is refused. Errors are
// *Error.
func (m *Manager) Restart(ctx context.Context, unit string) (*Job, error) {
	j := &Job{op: "restart", unit: unit, result: make(chan string, 1)}
	if _, err := m.conn.RestartUnitContext(ctx, unit, "fail", j.result); err != nil {
		return nil, &Error{Op: j.op, Unit: unit, Err: err}
	}
	return j, nil
}

// Ended reports whether the job has ended, and how: nil for well, or a *JobError.
func (j *Job) Ended() (bool, error) {
	select {
	case result := <-j.result:
		if j.ended = true; result != "done" {
			j.err = &JobError{j.op, j.unit, result}
		}
	default:
	}
	return j.ended, j.err
}
