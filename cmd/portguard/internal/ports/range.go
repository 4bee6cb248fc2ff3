package ports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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
	c := rangeChange{rangeState: s, to: r, now: o.scope().Runtime && s.kernel != r}
	c.own = sysctld.Own(string(portrange.KernelRange), denied.value, `Written by "portguard range"; to take it back, remove this file.`)
	if c.boot = o.scope().Persist && !bytes.Equal(s.file, c.own); !c.boot {
		c.own = s.file
	}
	if !o.dryRun {
		if err := c.apply(); err != nil {
			return denied.from(err)
		}
	}
	if !o.quiet {
		c.say(a.Stdout, o.dryRun)
	}
	warnOfRange(a, s, r, c.own)
	return nil
}

// rangeChange is what there is to change.
type rangeChange struct {
	rangeState // as it was
	to         portrange.Range
	now, boot  bool   // whether there is anything, for either
	own        []byte // our file, afterwards
}

func (c rangeChange) apply() error {
	if c.now {
		if err := portrange.KernelRange.Writable(); err != nil {
			return err
		}
	}
	if c.boot {
		if err := sysctld.Replace("/", RangePath, c.own); err != nil {
			return err
		}
	}
	if c.now {
		return portrange.SetEphemeral(c.to)
	}
	return nil
}

func (c rangeChange) say(w io.Writer, dryRun bool) {
	switch {
	case !c.now && !c.boot:
		fmt.Fprintf(w, "%s: nothing to change\n", c.to)
	case dryRun:
		if c.now {
			diff(w, portrange.KernelRange.Dotted(), c.kernel.String(), c.to.String())
		}
		if c.boot {
			diff(w, RangePath, string(c.file), string(c.own))
		}
	default:
		fmt.Fprintf(w, "range %s\n", c.to)
		if c.now {
			fmt.Fprintf(w, "  now   %s: %s, was %s\n", portrange.KernelRange.Dotted(), c.to, c.kernel)
		}
		if c.boot {
			fmt.Fprintf(w, "  boot  %s is written\n", RangePath)
		}
	}
	c.sayInside(w, c.to)
}

// readOwn is our own file; nil when there is none.
func readOwn(name string) ([]byte, error) {
	text, err := wholefile.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}
