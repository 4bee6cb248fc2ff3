package flags

import (
	"fmt"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
)

// Hold is the flag that says how the port is held until the service has it.
type Hold struct{ Mode string }

// Holding is the title of the flags by which a port is held.
const Holding = "Holding it"

// AddHold adds it.
func (o *Hold) AddHold(fs *pflag.FlagSet) {
	cli.Titled(fs, Holding, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.Mode, "hold", "exec", "how the port is kept until COMMAND has bound it, `MODE`: exec (a socket that COMMAND inherits), fdstore (one in systemd's fd store, which outlives restarts), none")
	})
}

// HoldMode is how a port is kept from being taken until the service has it.
type HoldMode string

// The ways of holding. The placeholder goes into the service, or into systemd's fd store for the unit, or there is none.
const (
	HoldExec    HoldMode = "exec"
	HoldFDStore HoldMode = "fdstore"
	HoldNone    HoldMode = "none"
)

// Holds says which it is; without a COMMAND there is nobody to hand a port on to.
func (o *Hold) Holds(fs *pflag.FlagSet, command bool) (HoldMode, error) {
	mode := HoldMode(o.Mode)
	switch mode {
	case HoldExec, HoldFDStore:
		if !command && fs.Changed("hold") {
			return "", cli.Misuse("--hold "+o.Mode+" is for a COMMAND, and there is none", "portguard --hold "+o.Mode+" -p 30010 -- COMMAND", mend.Starting("COMMAND"))
		}
		if !command {
			mode = HoldNone
		}
		return mode, nil
	case HoldNone:
		return mode, nil
	}
	return "", cli.Misuse(fmt.Sprintf("--hold %q is none of exec, fdstore, none", o.Mode), "portguard --hold none -p 30010 -- COMMAND",
		mend.Value("hold", o.Mode, mend.Word(o.Mode, map[string]string{"no": "none", "never": "none", "false": "none", "systemd": "fdstore"}, "exec", "fdstore", "none")))
}
