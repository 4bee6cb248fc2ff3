package ports

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/wholefile"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
)

const rangeLong = `Shows or sets ip_local_port_range, the ephemeral ports: those from which the kernel picks one for an outgoing connection
or for bind() to port 0. It is set now and for every boot. Existing connections keep the ports that they have.

A range is refused, unless --force is given, when it has fewer ports than are in use now, or fewer than 1024.`

// RangePath sorts behind the usual names, as reserved.Path does. To take it back, remove the file.
const RangePath = "/etc/sysctl.d/zz-portguard-range.conf"

// NewRange is the command range.
func NewRange(a *cli.App) *cobra.Command {
	var o sysctlOptions
	var r portrange.Range
	cmd := &cobra.Command{
		Use:     "range [LOW-HIGH]",
		Short:   "show or set the range of ephemeral ports",
		Long:    rangeLong,
		Example: "  portguard range\n  portguard range 32768-60999",
		Args:    cobra.ArbitraryArgs,
		PreRunE: func(_ *cobra.Command, args []string) (err error) {
			if len(args) > 0 {
				r, err = parseRangeArgument(args)
			}
			return err
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.enter(a, "range", "32768-60999"); err != nil {
				return err
			}
			if len(args) == 0 {
				return showRange(a, o)
			}
			return setRange(a, r, o)
		},
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().BoolVar(&o.force, "force", false, "even if too few ports are left for outgoing connections")
	return cmd
}

// setRange checks first, and writes the file only when the kernel's range can be written.
func setRange(a *cli.App, r portrange.Range, o sysctlOptions) error {
	denied := deniedError{
		command: "range " + r.String(), key: portrange.KernelRange, value: fmt.Sprintf("%d %d", r.Low, r.High),
	}
	unlock, err := o.lock()
	if err != nil {
		return denied.from(err)
	}
	defer unlock()
	s, err := readRange(o.files())
	if err != nil {
		return err
	}
	if err := s.refuse(r, o.force); err != nil {
		return err
	}
	file := sysctld.Own(string(portrange.KernelRange), denied.value, `Written by "portguard range"; to take it back, remove this file.`)
	now, boot := o.scope().Runtime && s.kernel != r, o.scope().Persist && !bytes.Equal(s.file, file)
	if !boot {
		file = s.file
	}
	if !o.dryRun {
		if err := applyRange(r, now, boot, file); err != nil {
			return denied.from(err)
		}
	}
	sayRange(a, s, r, now, boot, file, o)
	return nil
}

func applyRange(r portrange.Range, now, boot bool, file []byte) error {
	if now {
		if err := portrange.KernelRange.Writable(); err != nil {
			return err
		}
	}
	if boot {
		if err := sysctld.Replace("/", RangePath, file); err != nil {
			return err
		}
	}
	if now {
		return portrange.SetEphemeral(r)
	}
	return nil
}

func sayRange(a *cli.App, s rangeState, r portrange.Range, now, boot bool, file []byte, o sysctlOptions) {
	if !o.quiet {
		switch {
		case !now && !boot:
			fmt.Fprintf(a.Stdout, "%s: nothing to change\n", r)
		case o.dryRun:
			if now {
				diff(a.Stdout, portrange.KernelRange.Dotted(), s.kernel.String(), r.String())
			}
			if boot {
				diff(a.Stdout, RangePath, string(s.file), string(file))
			}
		default:
			fmt.Fprintf(a.Stdout, "range %s\n", r)
			if now {
				fmt.Fprintf(a.Stdout, "  now   %s: %s, was %s\n", portrange.KernelRange.Dotted(), r, s.kernel)
			}
			if boot {
				fmt.Fprintf(a.Stdout, "  boot  %s is written\n", RangePath)
			}
		}
		s.sayInside(a.Stdout, r)
	}
	warnOfRange(a, s, r, file)
}

// readOwn is our own file; nil when there is none.
func readOwn(name string) ([]byte, error) {
	text, err := wholefile.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}
