package complete

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// completeCommand completes what stands behind "--": first a program of PATH, then whatever files there are.
func completeCommand(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch {
	case !slices.Contains(os.Args[:len(os.Args)-1], "--"): // cobra has put one into what ArgsLenAtDash looks at
		return nil, cobra.ShellCompDirectiveNoFileComp
	case len(args) > 0, strings.Contains(typed, "/"):
		return nil, cobra.ShellCompDirectiveDefault
	}
	return executables(filepath.SplitList(os.Getenv("PATH")), typed), cobra.ShellCompDirectiveDefault
}

// executables are the programs in some directories whose names begin like this, each once, in order.
func executables(directories []string, prefix string) []string {
	var names []string
	for _, dir := range directories {
		entries, _ := os.ReadDir(dir) // a directory of PATH need not exist
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), prefix) {
				continue
			}
			info, err := os.Stat(filepath.Join(dir, e.Name()))
			if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
