package ports

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag/portrange/reserved"
	"portguard/netdiag/portrange/sysctld"
)

// sysctlOptions are the flags of the commands that change a sysctl.
type sysctlOptions struct {
	runtime, persist, dryRun, force, quiet, json, renew bool
	flags.Netns
}

func (o *sysctlOptions) addFlags(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.BoolVar(&o.runtime, "runtime", false, "only now, until the next boot")
	fs.BoolVar(&o.persist, "persist", false, "only from the next boot on")
	o.AddNetns(fs)
	fs.BoolVar(&o.dryRun, "dry-run", false, "show what would change, and change nothing")
	fs.BoolVarP(&o.quiet, "quiet", "q", false, "print warnings and errors only")
}

func (o *sysctlOptions) addJSONFlag(fs *pflag.FlagSet) {
	fs.BoolVar(&o.json, "json", false, "report as one JSON document")
}

// scope is where the change takes place: without a flag, everywhere.
func (o *sysctlOptions) scope() reserved.Scope {
	if !o.files() {
		return reserved.Scope{Runtime: true}
	}
	both := o.runtime == o.persist
	return reserved.Scope{Runtime: both || o.runtime, Persist: both || o.persist}
}

// enter goes to the network namespace that is to be changed, or asked about.
func (o *sysctlOptions) enter(a *cli.App, command, example string) error {
	if o.Netns.Netns != "" && o.persist {
		return cli.Misuse("--persist is about files, and none is about another network namespace", "portguard "+command+" --netns "+page.ShellQuote(o.Netns.Netns)+" "+example, mend.Without("persist"))
	}
	return o.Enter(a)
}

// files reports whether files tell what the next boot will bring. None is about another network namespace.
func (o *sysctlOptions) files() bool { return o.Netns.Netns == "" }

// state is what is reserved there.
func (o *sysctlOptions) state() (reserved.State, error) {
	if !o.files() {
		return reserved.ReadKernel()
	}
	return reserved.Read("/")
}

// patience is how long to wait for another portguard that changes the settings.
const patience = 10 * time.Second

// lock keeps others of us from changing the settings meanwhile; a dry run, which changes nothing, needs no right to that.
func (o *sysctlOptions) lock() (unlock func(), err error) {
	if o.dryRun {
		return func() {}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return sysctld.Lock(ctx, "/")
}
