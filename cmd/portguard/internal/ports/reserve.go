// Package ports has the commands reserve, release and range: which ports the kernel hands out by itself, now and after every boot.
package ports

import (
	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
)

const reserveLong = `Adds ports to ip_local_reserved_ports: the kernel picks none of them as an ephemeral port, and gives them
only to programs that ask for them by number, now and after every boot. What others have reserved stays, and "portguard release"
takes out exactly what was added. A reservation is for both protocols and every address of this network namespace.

Without PORTS it says what is reserved, now and after the next boot, and by whom. At boot the file that portguard writes has
the last word, and in it what other sysctl files reserved when it was written; --renew takes in what they have come to
reserve since.`

const releaseLong = `Takes reserved ports out again, now and for the boots to come. Ports that another sysctl file reserves
stay reserved, and are named.`

// NewReserve is the command reserve.
func NewReserve(a *cli.App) *cobra.Command {
	var o sysctlOptions
	var ports portrange.Set
	cmd := &cobra.Command{
		Use:     "reserve [PORTS...]",
		Short:   "keep the kernel from picking ports as ephemeral ports",
		Long:    reserveLong,
		Example: "  portguard reserve 30010,30000-30100\n  portguard reserve --dry-run 30010",
		Args:    cobra.ArbitraryArgs,
		PreRunE: func(_ *cobra.Command, args []string) (err error) {
			switch {
			case o.renew && len(args) > 0:
				return cli.Misuse("--renew is about the ports that are reserved already", "portguard reserve --renew", mend.Instead())
			case o.renew && !o.files():
				return cli.Misuse("--renew is about files, and none is about another network namespace", "portguard reserve --renew", mend.Without(flags.NetnsFlag[2:]))
			case len(args) > 0:
				ports, err = parsePortSet("reserve", args)
			}
			return err
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.enter(a, "reserve", "30010"); err != nil {
				return err
			}
			switch {
			case o.renew:
				return renewReserved(a, o)
			case len(args) == 0:
				return showReserved(a, o)
			}
			return changeReserved(a, "reserve", args, ports, o, reserved.State.Reserve)
		},
	}
	o.addFlags(cmd.Flags())
	o.addJSONFlag(cmd.Flags())
	flags.AddForce(cmd.Flags(), &o.force, "")
	cmd.Flags().BoolVar(&o.renew, "renew", false, "without PORTS: take in what other sysctl files have come to reserve")
	return cmd
}

// NewRelease is the command release.
func NewRelease(a *cli.App) *cobra.Command {
	var o sysctlOptions
	var ports portrange.Set
	cmd := &cobra.Command{
		Use:     "release PORTS...",
		Short:   "let the kernel pick reserved ports again",
		Long:    releaseLong,
		Example: "  portguard release 30010",
		Args:    cobra.ArbitraryArgs,
		PreRunE: func(_ *cobra.Command, args []string) (err error) {
			ports, err = parsePortSet("release", args)
			return err
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.enter(a, "release", "30010"); err != nil {
				return err
			}
			return changeReserved(a, "release", args, ports, o, reserved.State.Release)
		},
	}
	o.addFlags(cmd.Flags())
	o.addJSONFlag(cmd.Flags())
	return cmd
}
