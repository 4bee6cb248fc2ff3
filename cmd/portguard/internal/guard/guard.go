// Package guard is the main command: it tries, climbs, reports, and becomes the service or supervises it.
package guard

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/wrapper/become"
	"portguard/wrapper/hold"
)

// New is the main command.
func New(a *cli.App) *cobra.Command {
	var o options
	var req request
	greets := func(cmd *cobra.Command, args []string) bool {
		return len(args) == 0 && cmd.Flags().NFlag() == 0 && cmd.Flags().ArgsLenAtDash() < 0 && page.IsTerminal(a.Stderr)
	}
	root := &cobra.Command{
		Use:                   use,
		Short:                 "get a service's port free, then become the service",
		Long:                  long,
		Example:               example,
		Args:                  cobra.ArbitraryArgs,
		SilenceErrors:         true,
		SilenceUsage:          true,
		DisableFlagsInUseLine: true,
		CompletionOptions:     cobra.CompletionOptions{DisableDefaultCmd: true},
		PreRunE: func(cmd *cobra.Command, args []string) (err error) {
			if !o.version && !greets(cmd, args) {
				o.line, o.others = a.Args, cli.CommandNames(cmd)
				req, err = o.parse(cmd.Flags(), args)
			}
			return err
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.version:
				return a.SayVersion(o.JSON)
			case greets(cmd, args):
				page.Lay(a.Stderr, greeting)
				return &greeted{}
			}
			if err := o.Enter(a); err != nil {
				return err
			}
			return guard(a, req)
		},
	}
	o.addFlags(root.Flags())
	root.Flags().SetInterspersed(false)
	return root
}

// guard finds COMMAND before anything is touched, and starts it in the one way or the other.
func guard(a *cli.App, req request) error {
	path := ""
	if len(req.command) > 0 {
		var err error
		if path, err = become.Resolve(req.command[0], a.Inherited.Environ); err != nil {
			return noCommand(a.Args, req, err)
		}
		if err = vetoed(req, path); err != nil {
			return err
		}
	}
	if !req.Quiet && !req.JSON {
		a.Log.Remark(req.idle...)
	}
	if len(req.command) == 0 && !req.JSON {
		a.ForSystemd()
	}
	s := newAttempt(a, req, path)
	defer s.guard.Close()
	if req.restart.on() && !req.policy.DryRun {
		return s.supervise()
	}
	return s.become()
}

// vetoed asks whether the kernel will execute COMMAND where somebody would be touched for it. With --restart a process of its own will
// execute it, which may have another profile than this one.
func vetoed(req request, path string) error {
	p := req.policy
	if req.restart.on() || !(p.Share || p.Close || p.RestartUnit || p.Kill) {
		return nil
	}
	return become.Vetoed(req.command[0], path)
}

// become clears the way, has the ports stay held, and becomes the service. Without COMMAND, the way is all; a dry run says the
// rest.
func (s *attempt) become() error {
	stored := hold.TakeStored(s.app.Inherited.Environ, os.Getpid())
	s.guard.Known(stored.FDs())
	signal.Ignore(syscall.SIGPIPE) // a broken pipe on stderr is no reason to end
	ctx, stop := context.Background(), func() {}
	r, err := s.clear(func() context.Context {
		ctx, stop = cli.WithSignals(s.app.Inherited, s.path != "")
		return ctx
	})
	defer func() { stop() }()
	defer r.Release()
	var taken *report.NotFree
	switch {
	case errors.As(err, &taken) && s.request.Quiet:
		s.out.Quietly(r)
		return err
	case err != nil, s.path == "":
		return err
	case s.request.policy.DryRun:
		s.sayStart()
		return nil
	}
	service := s.app.Inherited
	if service.Environ, err = s.holdFor(stored, r); err != nil {
		return err
	}
	stop()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return become.Exec(s.path, s.request.argv(), service)
}
