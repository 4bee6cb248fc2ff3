package complete

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// completeNetns offers the network namespaces that ip-netns(8) has named; behind a slash, files.
func completeNetns(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.Contains(typed, "/") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	entries, _ := os.ReadDir("/run/netns") // which is there once one has been named
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return startingWith(typed, names), cobra.ShellCompDirectiveNoFileComp
}

// completeUsers offers the users of /etc/passwd.
func completeUsers(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return startingWith(typed, users()), cobra.ShellCompDirectiveNoFileComp
}

func users() []string {
	text, _ := os.ReadFile("/etc/passwd") // an image without users has none
	var names []string
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(line, ":"); ok {
			names = append(names, name)
		}
	}
	return names
}
