package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"portguard/netdiag/portrange"
	"portguard/wrapper"
	"portguard/wrapper/become"
	"portguard/wrapper/supervise"
)

const rootUse = "portguard [flags] -p ENDPOINT [-p ENDPOINT]... [-- COMMAND [ARG]...]"

const rootLong = `portguard goes in front of the command that starts a service. It asks the kernel whether
the service's port can be bound, says who stands in the way, gets the port free as far as
the flags allow, and becomes the service. Without COMMAND it does all but the last step.

The rungs of the ladder are climbed from the least harm up: --share, --wait, --close, --restart-unit,
--kill. Without any of them portguard reports and touches nothing.`

const rootExample = `  portguard -p 30010                                who has the port?
  portguard -p 30010 -- java -jar app.jar           start, or say who has the port
  portguard --share --wait 30s -p 30010 -- java -jar app.jar
  portguard --kill --dry-run -p 30010               what would --kill do?`

// newRoot builds the command tree.
func newRoot(a *app) *cobra.Command {
	root := newMain(a)
	addCommands(root, a)
	return root
}

// newMain is the main command by itself.
func newMain(a *app) *cobra.Command {
	var o options
	root := &cobra.Command{
		Use:                   rootUse,
		Short:                 "get a service's port free, then become the service",
		Long:                  rootLong,
		Example:               rootExample,
		Args:                  cobra.ArbitraryArgs,
		SilenceErrors:         true,
		SilenceUsage:          true,
		DisableFlagsInUseLine: true,
		CompletionOptions:     cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.others = commandNames(cmd)
			req, err := o.parse(cmd.Flags(), args)
			if err != nil {
				return err
			}
			return guard(a, req, o)
		},
	}
	o.addFlags(root.Flags())
	root.Flags().SetInterspersed(false)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(help)
	return root
}

func addCommands(root *cobra.Command, a *app) {
	helper := newHelp()
	root.SetHelpCommand(helper)
	root.AddCommand(newHold(a), newVersion(a))
	root.AddCommand(newUnit(a))
	root.AddCommand(newAudit(a))
	root.AddCommand(newReserve(a), newRelease(a), newRange(a))
	root.AddCommand(newBecome(a), newCompletion(a), helper)
	root.AddCommand(newManual()...)
	completeAll(root)
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "say what a command of portguard's does",
		Long:  "Says what a command of portguard's does, as its flag --help does.",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return &usageError{fmt.Sprintf("there is no command %q", strings.Join(args, " ")), "portguard --help"}
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

func help(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "Usage: %s\n\n%s\n", cmd.UseLine(), strings.TrimSpace(cmd.Long))
	if cmd.Example != "" {
		fmt.Fprintf(w, "\n%s\n", cmd.Example)
	}
	fmt.Fprintf(w, "\nFlags:\n%s", cmd.LocalFlags().FlagUsages())
	if cmd.HasParent() {
		return
	}
	fmt.Fprintf(w, "\nCommands:\n")
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			fmt.Fprintf(w, "  %-10s %s\n", c.Name(), c.Short)
		}
	}
	fmt.Fprintf(w, "\nExit status:\n")
	printExitStatuses(w)
}

// guard is the main command: resolve COMMAND, run the ladder, report, become COMMAND.
func guard(a *app, req request, o options) error {
	path := ""
	if len(req.command) > 0 {
		var err error
		if path, err = become.Resolve(req.command[0], a.inherited.Environ); err != nil {
			return err
		}
	}
	if req.restart != (supervise.Policy{}) {
		return superviseCommand(a, req, o, path)
	}
	out := newOutput(a, o, path != "")
	w := &progress{
		log:      a.log,
		notify:   newNotify(a.inherited.Environ),
		terminal: isTerminal(a.stderr),
		silent:   o.quiet || o.json && out.command,
		touches:  !out.command,
	}
	g := wrapper.New(req.policy, w)
	defer g.Close()
	stored := wrapper.TakeStored(a.inherited.Environ, os.Getpid())
	g.Known(stored)
	signal.Ignore(syscall.SIGPIPE) // a broken pipe on stderr is no reason to end
	ctx, stop := context.Background(), func() {}
	report := g.Try(req.endpoints)
	defer report.Release()
	// With the way clear, it is all over before a signal could want more than to end us, as it does.
	if !report.AllFree() {
		ctx, stop = withSignals(a.inherited, path != "")
		defer stop()
		err := g.Climb(ctx, report)
		w.finish()
		if err != nil {
			return context.Cause(ctx)
		}
	}
	if o.reserve && report.AllFree() {
		out.reserved(reserveOwn(a, report, out))
	}
	if err := out.report(report); err != nil {
		return err
	}
	if !report.AllFree() {
		if o.quiet {
			out.quietly(report)
		}
		return &notFreeError{report}
	}
	if path == "" {
		return nil
	}
	service := a.inherited
	var err error
	if service.Environ, err = holdFor(a, req.hold, stored, report, o); err != nil {
		return err
	}
	stop()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	argv := req.command
	if o.argv0 {
		argv = argv[1:]
	}
	return become.Exec(path, argv, service)
}

// output is where and how the report goes.
type output struct {
	w       io.Writer
	facts   func() hostFacts // read when a report needs them: a start that goes well does not
	options options
	command bool // there is one: stdout is the service's
	paint   paint
	log     log
}

func newOutput(a *app, o options, command bool) output {
	out := output{w: a.stdout, facts: sync.OnceValue(readFacts), options: o, command: command, log: a.log}
	if command {
		out.w = a.stderr
	}
	out.paint = a.colour(out.w, o.noColor)
	return out
}

// reserved corrects what was read: portguard itself has reserved ports since.
func (out *output) reserved(all portrange.Set) {
	f := out.facts()
	f.Reserved = all
	out.facts = func() hostFacts { return f }
}

func (out output) report(r *wrapper.Report) error {
	switch {
	case out.options.json:
		return renderJSON(out.w, r, out.facts())
	case out.options.quiet, out.command && r.AllFree() && !out.options.verbose:
		return nil // a start that goes well says nothing; what a rung did has been said
	case out.log.journal != nil && isJournal(out.w):
		toJournal(out.log, r, out.facts(), out.options.verbose || !out.command)
		return nil
	}
	textReport{w: out.w, facts: out.facts(), now: time.Now(), paint: out.paint, actions: !out.command}.render(r)
	return nil
}

// readFacts leaves out what cannot be read: the report says less then, and says it.
func readFacts() hostFacts {
	var f hostFacts
	f.Ephemeral, _ = portrange.Ephemeral()
	f.Reserved, _ = portrange.Reserved()
	return f
}
