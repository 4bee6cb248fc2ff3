package guard

import (
	"context"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/wrapper"
)

// attempt is one at the ports of a service, that is to be started or only asked about: what was asked for, and what works on it.
type attempt struct {
	app      *cli.App
	request  request
	path     string // COMMAND's file, "" without one
	out      report.Output
	tell     func(*wrapper.Report) error // the report
	progress *report.Progress
	guard    *wrapper.Guard
}

// newAttempt makes one. Close its guard in the end.
func newAttempt(a *cli.App, req request, path string) *attempt {
	s := &attempt{app: a, request: req, path: path, out: report.NewOutput(a, req.Output, path != "")}
	s.progress = &report.Progress{
		Log:      a.Log,
		Notify:   cli.NewNotify(a.Inherited.Environ),
		Terminal: page.IsTerminal(a.Stderr),
		Silent:   req.Quiet || req.JSON && path != "",
		Touches:  path == "",
	}
	s.out.DryRun, s.out.Given = req.policy.DryRun, req.given
	s.out.In(req.netns)
	s.tell = func(r *wrapper.Report) error { return s.out.Report(r) }
	s.guard = wrapper.New(req.policy, s.progress)
	return s
}

// clear gets the ports free, as far as it may, and says what came of it. The error is nil when all of them are free or, in a dry
// run, would be. The report holds them, whatever the error, unless we only ask: release it. watch gives the context of what takes
// longer than a look, and is not called for less: with the way clear it is all over before a signal could want more than to end
// us, as it does.
func (s *attempt) clear(watch func() context.Context) (*wrapper.Report, error) {
	try := s.guard.Try
	if s.onlyAsks() {
		try = s.guard.Look
	}
	r := try(s.request.endpoints)
	if !r.AllFree() {
		ctx := watch()
		if err := s.guard.Climb(ctx, r); err != nil {
			s.progress.Finish()
			return r, context.Cause(ctx)
		}
	}
	s.progress.Finish() // takes back, too, what was said between two runs
	if s.request.reserve && r.Had() {
		s.reserve()
	}
	if s.request.policy.DryRun && r.Had() {
		s.out.Prospect.Start = s.request.command
	}
	if err := s.tell(r); err != nil {
		return r, err
	}
	if s.path == "" && s.request.Verbose {
		s.out.Elsewhere(context.Background(), r)
	}
	if !r.Had() {
		return r, &report.NotFree{Report: r}
	}
	return r, nil
}
