package install

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/netdiag"
	"portguard/systemd"
	"portguard/systemd/dropin"
	"portguard/systemd/unitfile"
)

// plan is what an installation will write, and what is worth saying about it.
type plan struct {
	dropIn dropin.DropIn
	argv   []string // portguard's own part of the command line
	post   []string // that of ExecStartPost=; nil: there is none
	notes  []string
}

func (p *plan) say(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// plan decides what the drop-in says. files are the unit's own.
func (in *installation) plan(svc systemd.Service, files [][]unitfile.Assignment) (plan, error) {
	ports, rest := flags.Spelled(in.flags.VisitAll)
	p := plan{
		dropIn: dropin.DropIn{Unit: svc.Name},
		argv:   slices.Concat([]string{in.portguard}, ports, rest),
		notes:  append(slices.Clone(in.learned), in.options.Idle(in.endpoints)...),
	}
	if in.form == FormPre {
		if err := in.asService(&p, svc); err != nil {
			return p, err
		}
		in.noteWait(&p, svc, svc.NotifyAccess)
		in.noteRestarts(&p, svc)
		in.noteSuccess(&p, svc)
		in.planReady(&p, svc, svc.NotifyAccess)
		in.noteHabit(&p, svc)
		in.notePlace(&p, svc)
		return p, nil
	}
	command, err := in.ownCommand(svc, files)
	if err != nil {
		return p, err
	}
	if command.Argv0 {
		p.argv = append(p.argv, flags.Argv0Flag)
	}
	p.argv = append(p.argv, "--")
	p.dropIn.Exec = command.Behind(p.argv)
	if unitfile.Last(files, "Service", "SyslogIdentifier") == "" {
		p.dropIn.SyslogIdentifier = command.Name() // what systemd would take
	}
	if !svc.AsRoot() {
		p.say("portguard has the rights of user %s; --as pre gives it root's", svc.UserName())
	}
	if in.hold == flags.HoldFDStore {
		if err := in.store(&p, svc, files); err != nil {
			return p, err
		}
	}
	if svc.Type == "exec" {
		p.say("Type=exec of %s says no longer whether its own program can be executed: its start is done with portguard's; --as pre leaves that as it is", svc.Name)
	}
	in.noteWait(&p, svc, cmp.Or(p.dropIn.NotifyAccess, svc.NotifyAccess))
	in.noteRestarts(&p, svc)
	in.noteSuccess(&p, svc)
	in.planReady(&p, svc, cmp.Or(p.dropIn.NotifyAccess, svc.NotifyAccess))
	in.noteHabit(&p, svc)
	noteCalls(&p, svc)
	noteConfined(&p, svc)
	in.notePlace(&p, svc)
	return p, nil
}

// ownCommand is the one command of the service, as its files write it.
func (in *installation) ownCommand(svc systemd.Service, files [][]unitfile.Assignment) (unitfile.Command, error) {
	asPre := "portguard unit " + in.spelledAs(FormPre)
	lines := unitfile.List(files, "Service", "ExecStart")
	if len(lines) != 1 {
		return unitfile.Command{}, cli.Misuse(fmt.Sprintf("%s has %d ExecStart= commands; portguard can become only one", svc.Name, len(lines)), asPre)
	}
	command, err := unitfile.ParseCommand(lines[0])
	if err != nil {
		return command, cli.Misuse(fmt.Sprintf("%s: ExecStart=%v", svc.Name, err), asPre)
	}
	if command.Searched() {
		return command, cli.Misuse(fmt.Sprintf("%s: systemd looks for %s of ExecStart= in its own search path, and portguard would in the service's; "+
			"ExecStart= with the program's path can be wrapped", svc.Name, command.Name()), asPre)
	}
	if args, err := unitfile.Arguments(lines[0]); err == nil && behind(args, in.portguard) {
		return command, cli.Misuse(svc.Name+" has portguard in its own ExecStart= already", "")
	}
	return command, nil
}

// behind reports whether a command line starts with portguard and a command after it.
func behind(args []string, portguard string) bool {
	return len(args) > 0 && args[0] == portguard && slices.Contains(args, "--")
}

// store makes room for the placeholders, one a TCP endpoint, beside what the unit stores itself.
func (in *installation) store(p *plan, svc systemd.Service, files [][]unitfile.Assignment) error {
	var own uint64
	if text := unitfile.Last(files, "Service", "FileDescriptorStoreMax"); text != "" {
		var err error
		if own, err = strconv.ParseUint(text, 10, 32); err != nil {
			return cli.Misuse(fmt.Sprintf("%s: FileDescriptorStoreMax=%s is not a number", svc.Name, text), "")
		}
	}
	placeholders := 0
	for _, e := range in.endpoints {
		if e.Protocol == netdiag.TCP {
			placeholders++
		}
	}
	if placeholders == 0 {
		return cli.Misuse("--hold fdstore holds TCP ports; a UDP placeholder would receive datagrams", "portguard unit install "+in.theirs(svc.Name)+" --as wrapper -p 30010/udp")
	}
	p.dropIn.FDStoreMax = uint32(own) + uint32(placeholders)
	p.say("FileDescriptorStoreMax= goes from %d to %d", own, p.dropIn.FDStoreMax)
	access := unitfile.Last(files, "Service", "NotifyAccess")
	switch {
	case access == "exec" || access == "all":
	case svc.Type == "forking": // the process that stores is not the main one
		p.dropIn.NotifyAccess = "exec"
		p.say("NotifyAccess= goes from %s to exec: the first process of a Type=forking service is not its main one", orNone(access))
	case access != "main" && svc.Type != "notify" && svc.Type != "notify-reload":
		p.say("NotifyAccess= becomes main, as systemd has it for every unit with a descriptor store")
	}
	return nil
}

func orNone(access string) string {
	if access == "" {
		return "none"
	}
	return access
}
