package main

import (
	"context"

	"portguard/cmd/portguard/internal/cli"
	"portguard/wrapper"
)

// attempt is one at the ports of a service, that is to be started or only asked about: what was asked for, and what works on it.
type attempt struct {
	app      *cli.App
	request  request
	path     string // COMMAND's file, "" without one
	out      output
	progress *progress
	guard    *wrapper.Guard
}

// newAttempt makes one. Close its guard in the end.
func newAttempt(a *cli.App, req request, path string) *attempt {
	s := &attempt{app: a, request: req, path: path, out: newOutput(a, req.outputFlags, path != "")}
	s.progress = &progress{
		log:      a.Log,
		notify:   cli.NewNotify(a.Inherited.Environ),
		terminal: cli.IsTerminal(a.Stderr),
		silent:   req.quiet || req.json && path != "",
		touches:  path == "",
	}
	s.out.dryRun = req.policy.DryRun
	s.guard = wrapper.New(req.policy, s.progress)
	return s
}

// clear gets the ports free, as far as it may, and says what came of it. The error is nil when all of them are free or, in a dry
// run, would be. The report holds them, whatever the error, unless we only ask: release it. watch gives the context of what takes longer than a look, and is not called for
// less: with the way clear it is all over before a signal could want more than to end us, as it does.
func (s *attempt) clear(watch func() context.Context) (*wrapper.Report, error) {
	try := s.guard.Try
	if s.onlyAsks() {
		try = s.guard.Look
	}
	report := try(s.request.endpoints)
	if !report.AllFree() {
		ctx := watch()
		if err := s.guard.Climb(ctx, report); err != nil {
			s.progress.finish()
			return report, context.Cause(ctx)
		}
	}
	s.progress.finish() // takes back, too, what was said between two runs
	if s.request.reserve && report.Had() {
		s.reserve(report)
	}
	if s.request.policy.DryRun && report.Had() {
		s.out.prospect.start = s.request.command
	}
	if err := s.out.report(report); err != nil {
		return report, err
	}
	if !report.Had() {
		return report, &notFreeError{report}
	}
	return report, nil
}
