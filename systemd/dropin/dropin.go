// Package dropin writes, reads and removes the one file by which portguard changes a service: a drop-in of its own,
// beside the unit's files and those of its administrator, which stay as they are.
package dropin

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"portguard/systemd"
	"portguard/systemd/unitfile"
)

// FileName is the name of the drop-in in the directory of its unit. Drop-ins count in the order of their names: this one
// comes last, so that it is put before the command that all the others have settled on.
const FileName = "zz-portguard.conf"

// DropIn is what portguard changes of a service. Exactly one of Pre and Exec is set.
type DropIn struct {
	Unit string // "order.service", "foo@1.service"
	// Pre is one more ExecStartPre=: it runs after the unit's own, right before ExecStart=.
	Pre string
	// Exec takes the place of ExecStart=.
	Exec string
	// Post is one more ExecStartPost=, after the unit's own; "" for none.
	Post string
	// SyslogIdentifier is SyslogIdentifier=; "" leaves it. Without one, the journal has the service's output under the name
	// of the program that systemd starts, which with Exec would be ours.
	SyslogIdentifier string
	// FDStoreMax is FileDescriptorStoreMax=; 0 leaves it.
	FDStoreMax uint32
	// NotifyAccess is NotifyAccess=; "" leaves it.
	NotifyAccess string
	// OwnDir says that the directory of the drop-in is ours, too, and goes with it.
	OwnDir bool
}

// Line is the command line that begins with portguard: Pre or Exec.
func (d DropIn) Line() string {
	if d.Exec != "" {
		return d.Exec
	}
	return d.Pre
}

// Guard is what of Line is portguard's own, up to and without the "--" before the service's command. The error says that there is
// nothing.
func (d DropIn) Guard() ([]string, error) {
	args, err := unitfile.Arguments(d.Line())
	if err != nil || len(args) == 0 {
		return nil, fmt.Errorf("there is no command of portguard's in %q", d.Line())
	}
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return args, nil
}

// Ready is how long the service may take to listen, as Post has it; "" where nobody looks at that.
func (d DropIn) Ready() string {
	args, err := unitfile.Arguments(d.Post)
	if err != nil {
		return ""
	}
	i := slices.Index(args, "--wait")
	if i < 0 || i+1 == len(args) {
		return ""
	}
	return args[i+1]
}

// InForce reports whether systemd runs what the drop-in says: it has read the file, and none that comes after it, or takes its place, says
// otherwise.
func (d DropIn) InForce(svc systemd.Service) bool {
	guard, err := d.Guard()
	if err != nil {
		return false
	}
	at, is := svc.ExecStartPre, systemd.Exec.Is
	if d.Exec != "" {
		at, is = svc.ExecStart, systemd.Exec.Begins
	}
	if !slices.ContainsFunc(at, func(e systemd.Exec) bool { return is(e, guard) }) {
		return false
	}
	post, err := unitfile.Arguments(d.Post)
	return d.Post == "" || err == nil && slices.ContainsFunc(svc.ExecStartPost, func(e systemd.Exec) bool { return e.Is(post) })
}

// ErrForeign says that a file of our name is not ours: it does not begin as Render begins.
var ErrForeign = errors.New("this file was not written by portguard")

const (
	firstLine  = "# Written by portguard. To take it away: portguard unit remove "
	ownDirLine = "# The directory was made for it, and goes with it when it is empty."
)

// Render is the text of the file.
func (d DropIn) Render() string {
	var b strings.Builder
	line := func(text string) { b.WriteString(text + "\n") }
	line(firstLine + d.Unit)
	if d.OwnDir {
		line(ownDirLine)
	}
	line("[Service]")
	if d.Pre != "" {
		line("ExecStartPre=" + d.Pre)
	}
	if d.Exec != "" {
		line("ExecStart=") // takes back the one there is
		line("ExecStart=" + d.Exec)
	}
	if d.Post != "" {
		line("ExecStartPost=" + d.Post)
	}
	if d.SyslogIdentifier != "" {
		line("SyslogIdentifier=" + d.SyslogIdentifier)
	}
	if d.FDStoreMax > 0 {
		line(fmt.Sprintf("FileDescriptorStoreMax=%d", d.FDStoreMax))
	}
	if d.NotifyAccess != "" {
		line("NotifyAccess=" + d.NotifyAccess)
	}
	return b.String()
}

// Parse reads what Render has written; comments and lines added by hand are passed over. Errors are ErrForeign, and that
// there is no command of ours any more.
func Parse(text string) (DropIn, error) {
	d, err := parseHeader(text)
	if err != nil {
		return DropIn{}, err
	}
	files := [][]unitfile.Assignment{unitfile.Parse(text)}
	d.Pre = unitfile.Last(files, "Service", "ExecStartPre")
	d.Exec = unitfile.Last(files, "Service", "ExecStart")
	d.Post = unitfile.Last(files, "Service", "ExecStartPost")
	d.SyslogIdentifier = unitfile.Last(files, "Service", "SyslogIdentifier")
	d.NotifyAccess = unitfile.Last(files, "Service", "NotifyAccess")
	if d.Pre == "" && d.Exec == "" {
		return DropIn{}, errors.New("portguard's command is no longer in it")
	}
	if text := unitfile.Last(files, "Service", "FileDescriptorStoreMax"); text != "" {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return DropIn{}, fmt.Errorf("FileDescriptorStoreMax=%s is not a number", text)
		}
		d.FDStoreMax = uint32(n)
	}
	return d, nil
}

// parseHeader reads the comments: whose file it is.
func parseHeader(text string) (DropIn, error) {
	header, rest, _ := strings.Cut(text, "\n")
	unit, ok := strings.CutPrefix(header, firstLine)
	if !ok || unit == "" {
		return DropIn{}, ErrForeign
	}
	return DropIn{Unit: unit, OwnDir: strings.HasPrefix(rest, ownDirLine+"\n")}, nil
}
