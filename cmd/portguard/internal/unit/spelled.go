package unit

import (
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/page"
)

// spelledAs is the command line as it was given, with another form perhaps.
func (in *unitInstall) spelledAs(form unitForm) string {
	ports, rest := flags.Spelled(in.flags.VisitAll)
	if i := slices.Index(rest, "--hold"); i >= 0 && form == formPre {
		rest = slices.Delete(rest, i, i+2)
	}
	if in.ready != "" {
		rest = append(rest, readyFlag, in.ready)
	}
	return page.CommandLine(slices.Concat([]string{"install"}, strings.Fields(in.called()), ports, rest, []string{"--as", string(form)}), 0)
}

// isYourOwn is for the unit of a user who did not say so.
func (in *unitInstall) isYourOwn() error {
	mine := *in
	mine.user = true
	return cli.Misuse(in.name+" is a unit of your own manager, not of the system's", "portguard unit "+mine.spelledAs(formWrapper))
}

// called is the unit as a command line has it.
func (in *unitInstall) called() string {
	if in.user {
		return "--user " + in.name
	}
	return in.name
}

func (in unitInstall) spelledWithoutReady() string {
	in.ready = ""
	return in.spelledAs(in.form)
}
