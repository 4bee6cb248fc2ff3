package complete

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"portguard/systemd"
	"portguard/systemd/dropin"
)

// completeServices offers the services that systemd knows.
func completeServices(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return startingWith(typed, services()), cobra.ShellCompDirectiveNoFileComp
}

// completeGuarded offers the services that are guarded.
func completeGuarded(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, _ := dropin.System.List() // without systemd there are none
	return startingWith(typed, names), cobra.ShellCompDirectiveNoFileComp
}

// completeOnly offers the keys of --only, the services behind unit=, and the users behind user=.
func completeOnly(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.HasPrefix(typed, "user=") {
		return startingWith(typed, prefixed("user=", users())), cobra.ShellCompDirectiveNoFileComp
	}
	if !strings.HasPrefix(typed, "unit=") {
		return startingWith(typed, []string{"user=", "unit=", "user-unit=", "exe="}), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	return startingWith(typed, prefixed("unit=", services())), cobra.ShellCompDirectiveNoFileComp
}

// services names the services that systemd knows; none where it does not run.
func services() []string {
	ctx, cancel := context.WithTimeout(context.Background(), completionPatient)
	defer cancel()
	m, err := systemd.Connect(ctx)
	if err != nil {
		return nil
	}
	defer m.Close()
	names, _ := m.Services(ctx) // there is no place to say why not
	return names
}

func prefixed(prefix string, names []string) []string {
	for i := range names {
		names[i] = prefix + names[i]
	}
	return names
}

func startingWith(prefix string, names []string) []string {
	var some []string
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			some = append(some, name)
		}
	}
	return some
}
