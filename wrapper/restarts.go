package wrapper

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"portguard/systemd"
	"portguard/wrapper/decide"
)

// restart is what became of one service.
type restart struct {
	unit, along string
	without     string        // what its program will not have
	job         *systemd.Job  // nil: it was not asked for
	result      decide.Result // "" while it is not known
	detail      string
}

func (one *restart) end(result decide.Result, format string, args ...any) {
	one.result, one.detail = result, fmt.Sprintf(format, args...)
}

// fail ends it with an error's reason.
func (one *restart) fail(err error) {
	switch {
	case errors.Is(err, systemd.Absent):
		one.end(decide.NotPossible, "restart %s: %v", one.unit, err)
	case errors.Is(err, fs.ErrPermission):
		one.end(decide.NotPermitted, "restart %s: %v; that takes root or a polkit rule", one.unit, err)
	default:
		one.end(decide.Failed, "restart %s: %v", one.unit, err)
	}
}

// look takes the job's result, if there is one.
func (one *restart) look() {
	if one.result != "" || one.job == nil {
		return
	}
	switch ended, err := one.job.Ended(); {
	case !ended:
	case err != nil:
		one.fail(err)
	default:
		one.end(decide.Done, "restarted %s%s%s", one.unit, one.along, one.without)
	}
}

// restarts are those of one rung, and the connection by which their jobs are told of.
type restarts struct {
	byUnit  map[string]*restart
	manager *systemd.Manager
}

func (all *restarts) connect(ctx context.Context) (m *systemd.Manager, err error) {
	if all.manager == nil {
		all.manager, err = systemd.Connect(ctx)
	}
	return all.manager, err
}

func (all *restarts) close() {
	if all.manager != nil {
		all.manager.Close()
	}
}

// running reports whether any job is not over yet.
func (all *restarts) running() bool {
	running := false
	for _, one := range all.byUnit {
		one.look()
		running = running || one.result == ""
	}
	return running
}

// restartCourtesy is how much longer the jobs are waited for: how a restart has ended is worth knowing.
const restartCourtesy = 500 * time.Millisecond

// settle says of those that are not over that they go on. A context that has ended ends the waiting, not the job.
func (all *restarts) settle(ctx context.Context) {
	for end := time.Now().Add(restartCourtesy); all.running() && ctx.Err() == nil && time.Now().Before(end); {
		time.Sleep(deathStep)
	}
	for _, one := range all.byUnit {
		switch {
		case one.result == "":
			one.end(decide.Done, "asked systemd to restart %s%s, which goes on%s", one.unit, one.along, one.without)
		case one.result == decide.Done && one.job != nil:
			all.prove(ctx, one)
		}
	}
}

// prove looks whether the service runs: a restart has gone well for systemd, too, where a condition keeps the service from starting
// again, or where its program ends at once.
func (all *restarts) prove(ctx context.Context, one *restart) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	s, err := all.manager.Service(ctx, one.unit)
	if err == nil && (s.ActiveState == "inactive" || s.ActiveState == "failed") {
		one.end(decide.Failed, "restarted %s%s, which is %s now (systemctl status %s)", one.unit, one.along, s.ActiveState, one.unit)
	}
}
