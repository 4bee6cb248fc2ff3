package nat

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// nftablesLoaded is whether the kernel has nftables in it. A request would load the module where it has not: a look changes nothing.
// Without connection tracking nothing does NAT; where that is built in, asking loads nothing that matters, as nftables is built in, too,
// or absent.
func nftablesLoaded(root string) bool {
	if _, err := os.Stat(filepath.Join(root, "proc/sys/net/netfilter/nf_conntrack_max")); err != nil {
		return false
	}
	text, err := os.ReadFile(filepath.Join(root, "proc/modules"))
	if err != nil {
		return true // a kernel without modules
	}
	var loaded []string
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, " ")
		loaded = append(loaded, name)
	}
	return slices.Contains(loaded, "nf_tables") || !slices.Contains(loaded, "nf_conntrack")
}

// legacyTables names the programs whose nat tables there are beside nftables, or may be: only the host's root may see that.
func legacyTables() []string {
	var names []string
	for file, program := range map[string]string{"ip_tables_names": "iptables-legacy", "ip6_tables_names": "ip6tables-legacy"} {
		text, err := os.ReadFile("/proc/net/" + file)
		if errors.Is(err, fs.ErrPermission) || slices.Contains(strings.Fields(string(text)), "nat") {
			names = append(names, program)
		}
	}
	slices.Sort(names)
	return names
}
