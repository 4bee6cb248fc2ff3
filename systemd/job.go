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

// Queued tells what systemd is about to do to a unit, or does: "start", "stop", "restart", "reload" ... "": nothing. One that ends
// in a start is "start" by the time that it is about that.
func (m *Manager) Queued(ctx context.Context, unit string) (string, error) {
	all, err := m.conn.ListJobsContext(ctx)
	if err != nil {
		return "", &Error{Op: "list jobs", Err: err}
	}
	for _, j := range all {
		if j.Unit == unit {
			return j.JobType, nil
		}
	}
	return "", nil
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
