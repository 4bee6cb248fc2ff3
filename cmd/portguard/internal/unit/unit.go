// Package unit is the command unit: it guards a systemd service by a drop-in, shows what is guarded, and takes it away.
package unit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/unit/install"
)

const unitLong = `Puts portguard in front of a service that systemd starts, by one drop-in file of its own:

  portguard unit install UNIT   write it, or write it again with other flags
  portguard unit show [UNIT]    say which services are guarded, and how
  portguard unit remove UNIT    take exactly that file away; --all: those of every service

UNIT may leave out its suffix, .service. With --user, units of your own manager (systemctl --user) are meant, and not the system's.`

// New is the command, with those below it.
func New(a *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "unit install|show|remove",
		Short:   "guard a systemd service by a drop-in",
		Long:    unitLong,
		Example: "  portguard unit install order.service -p 30010 --share --wait 30s\n  portguard unit show",
		Args:    cobra.ArbitraryArgs,
		RunE:    func(*cobra.Command, []string) error { return nil },
		PreRunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Misuse("unit needs to know what to do: install, show or remove", "portguard unit show")
			}
			return notUnits(args)
		},
	}
	cmd.SetFlagErrorFunc(func(of *cobra.Command, err error) error {
		at := slices.Index(a.Args, cmd.Name()) + 1
		if of != cmd || at == 0 || at == len(a.Args) || errors.Is(err, pflag.ErrHelp) {
			return a.FlagError(of, err)
		}
		return notUnits(a.Args[at:])
	})
	cmd.AddCommand(install.New(a), newUnitShow(a), newUnitRemove(a))
	return cmd
}

// notUnits is the error of words that do not begin with what unit can do.
func notUnits(args []string) error {
	return cli.MisuseOf(fmt.Sprintf("%q is none of install, show, remove", args[0]), append([]string{"unit"}, meant(args)...))
}

// verbOf is one of unit's own verbs, for them and for what others call them; "" for another word.
func verbOf(word string) string {
	return map[string]string{
		"add": "install", "create": "install", "enable": "install", "guard": "install", "protect": "install", "update": "install", "set": "install",
		"delete": "remove", "del": "remove", "rm": "remove", "uninstall": "remove", "disable": "remove", "unguard": "remove",
		"start": "show", "stop": "show", "restart": "show", "reload": "show", "list": "show", "ls": "show", "status": "show", "cat": "show", "info": "show", "get": "show",
		"install": "install", "show": "show", "remove": "remove",
	}[word]
}

// meant is what was probably meant by words that do not begin with what unit can do. Where it is not clear, it changes nothing.
func meant(args []string) []string {
	verb := verbOf(args[0])
	if verb == "" {
		verb = mend.Closest(args[0], []string{"install", "show", "remove"})
	}
	switch next := append(args, "")[1]; {
	case args[0] == "help":
		return []string{"--help"}
	case strings.HasPrefix(args[0], "-"):
		return append([]string{"install"}, args...)
	case verb == "" && verbOf(next) != "": // "unit order install"
		return slices.Concat([]string{verbOf(next), args[0]}, args[2:])
	case verb == "" && strings.HasPrefix(next, "-"):
		return append([]string{"install"}, args...)
	case verb == "" && next == "": // a unit, and not what to do
		return []string{"show", args[0]}
	case verb == "":
		return []string{"show"}
	}
	return append([]string{verb}, args[1:]...)
}
