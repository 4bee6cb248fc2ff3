package install

import (
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/page"
)

// spelledAs is the command line as it was given, with another form perhaps.
func (in *installation) spelledAs(form Form) string {
	ports, rest := flags.Spelled(in.flags.VisitAll)
	if i := slices.Index(rest, "--hold"); i >= 0 && form == FormPre {
		rest = slices.Delete(rest, i, i+2)
	}
	if in.ready != "" {
		rest = append(rest, ReadyFlag, in.ready)
	}
	return page.CommandLine(slices.Concat([]string{"install"}, strings.Fields(in.called()), ports, rest, []string{"--as", string(form)}), 0)
}

// isYourOwn is for the unit of a user who did not say so.
func (in *installation) isYourOwn() error {
	mine := *in
	mine.User = true
	return cli.Misuse(in.name+" is a unit of your own manager, not of the system's", "portguard unit "+mine.spelledAs(FormWrapper))
}

// called is the unit as a command line has it.
func (in *installation) called() string { return in.theirs(in.name) }

// theirs is what is said of the units of the same manager, as a command line has it.
func (in *installation) theirs(word string) string {
	if in.User {
		return "--user " + word
	}
	return word
}

func (in installation) spelledWithoutReady() string {
	in.ready = ""
	return in.spelledAs(in.form)
}
