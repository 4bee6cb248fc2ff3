package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
)

// holdFlag says how the port is held until the service has it.
type holdFlag struct{ hold string }

func (o *holdFlag) addHold(fs *pflag.FlagSet) {
	fs.StringVar(&o.hold, "hold", "exec", "`MODE` of keeping the port from being taken: by a socket that goes into COMMAND (exec),\nby one in systemd's fd store, over restarts (fdstore), or not at all (none)")
}

// holdMode is how a port is kept from being taken until the service has it.
type holdMode string

// The ways of holding. The placeholder goes into the service, or into systemd's fd store for the unit, or there is none.
const (
	holdExec    holdMode = "exec"
	holdFDStore holdMode = "fdstore"
	holdNone    holdMode = "none"
)

// holds says which it is; without a COMMAND there is nobody to hand a port on to.
func (o *holdFlag) holds(fs *pflag.FlagSet, command bool) (holdMode, error) {
	mode := holdMode(o.hold)
	switch mode {
	case holdExec, holdFDStore:
		if !command && fs.Changed("hold") {
			return "", cli.Misuse("--hold "+o.hold+" is for a COMMAND, and there is none", "portguard --hold "+o.hold+" -p 30010 -- COMMAND")
		}
		if !command {
			mode = holdNone
		}
		return mode, nil
	case holdNone:
		return mode, nil
	}
	return "", cli.Misuse(fmt.Sprintf("--hold %q is none of exec, fdstore, none", o.hold), "portguard --hold none -p 30010 -- COMMAND")
}
