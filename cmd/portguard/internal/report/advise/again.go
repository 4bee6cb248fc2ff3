package advise

import (
	"os"
	"slices"

	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
	"portguard/systemd"
	"portguard/systemd/dropin"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// again is what advice repeats of this run. Without the options of its endpoints a line would find the port free at once, and the
// service would fail; without --only it would end others.
type again struct {
	given     flags.Given
	endpoints []netdiag.Endpoint
	// unit is the service whose start this is, "" for none: then it is started by systemd, and not as a COMMAND.
	unit string
	// guard is portguard's own drop-in of that service, nil without one.
	guard *dropin.DropIn
}

func againOf(r *wrapper.Report, given flags.Given, guard *dropin.DropIn) again {
	a := again{given, make([]netdiag.Endpoint, len(r.Outcomes)), r.Judge.Starts.Name, guard}
	for i := range r.Outcomes {
		a.endpoints[i] = r.Outcomes[i].Endpoint
	}
	return a
}

// guardOf reads portguard's own drop-in of a service, nil without one.
func guardOf(unit systemd.Unit) *dropin.DropIn {
	if unit.Name == "" || unit.User {
		return nil
	}
	d, err := dropin.System.Read(unit.Name)
	if err != nil {
		return nil
	}
	return &d
}

// start is the line that starts COMMAND, or leads to its start.
func (a again) start(w decide.Way, rungs ...string) string {
	words := slices.Concat([]string{"portguard"}, rungs, a.narrowed(w))
	switch {
	case w.Root:
		return a.line(slices.Concat([]string{"sudo"}, words), a.asThisUser())
	case a.unit != "":
		return a.line(words, a.endpoints)
	}
	return a.line(slices.Concat(words, a.given.Rest), a.endpoints, "--", "COMMAND")
}

// install is the line that guards the service in this way from now on, "" where it is not guarded by portguard's own drop-in.
func (a again) install(rungs ...string) string {
	if a.guard == nil {
		return ""
	}
	words := slices.Concat([]string{"portguard", "unit", "install", a.unit}, rungs, a.given.Ladder)
	rest := slices.DeleteFunc(slices.Clone(a.given.Rest), func(w string) bool { return w == flags.Argv0Flag }) // which install sees in ExecStart=
	if a.guard.Exec != "" {
		words = append(words, "--as", "wrapper")
	} else if i := slices.Index(rest, "--hold"); i >= 0 { // by the command's parent alone
		rest = slices.Delete(rest, i, i+2)
	}
	if ready := a.guard.Ready(); ready != "" {
		words = append(words, "--ready", ready)
	}
	own := slices.Clone(a.endpoints)
	for i := range own {
		own[i].Owner = netdiag.Owner{} // install asks the unit
	}
	return a.line(slices.Concat(words, rest), own)
}

// narrowed are the flags of this run that go along with these rungs.
func (a again) narrowed(w decide.Way) []string {
	var words []string
	if w.Has(decide.Kill) {
		words = append(words, a.given.Kill...)
	}
	if w.Has(decide.Close) || w.Has(decide.RestartUnit) || w.Has(decide.Kill) {
		words = append(words, a.given.Cut...)
	}
	return words
}

// asThisUser are the endpoints as root has to ask for them: of sockets with SO_REUSEPORT the kernel lets one user's share a port.
func (a again) asThisUser() []netdiag.Endpoint {
	own := slices.Clone(a.endpoints)
	for i := range own {
		if own[i].ReusePort && !own[i].Owner.Other {
			own[i].Owner = netdiag.Owner{Other: true, UID: uint32(os.Geteuid())}
		}
	}
	return own
}

// longest is how much of a line endpoints may take: that many ports, one here and one there, nobody wants to read at each of
// them.
const longest = 200

// line is one for a shell.
func (a again) line(words []string, endpoints []netdiag.Endpoint, rest ...string) string {
	args := flags.OfEndpoints(endpoints)
	last := len(args) - 1
	if len(args[last]) > longest {
		args = append(args[:last:last], "ENDPOINTS")
	}
	return page.CommandLine(slices.Concat(words, args, rest), 0)
}
