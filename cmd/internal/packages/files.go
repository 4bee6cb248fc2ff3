package main

import (
	"slices"
	"strings"
)

// file is one line of the tables of what the packages and the archive have.
type file struct {
	to   string // in the package or archive; a name that ends in "/" is the directory of the file, or of all that match from
	from string // in the repository; behind "made:", in what was built. "*" matches names, "/..." all below a directory
	// only are the formats that have it; none: all.
	only []string
	gzip bool
	mode uint32 // 0: 0644
}

// packaged is what is in the packages of a format.
func packaged(format, arch string) []file {
	return slices.DeleteFunc(everything(arch), func(f file) bool { return len(f.only) > 0 && !slices.Contains(f.only, format) })
}

// everything is what is in the packages. Paths that the distributions see differently have a line each.
func everything(arch string) []file {
	deb, others, withSystemd := []string{"deb"}, []string{"rpm", "apk"}, []string{"deb", "rpm"}
	const doc = "/usr/share/doc/portguard/"
	return []file{
		{to: "/usr/bin/portguard", from: "made:bin/" + arch + "/portguard", mode: 0o755},
		{to: "/usr/share/man/man1/", from: "made:man/*", gzip: true},
		{to: "/usr/share/bash-completion/completions/portguard", from: "made:completion/bash"},
		{to: "/usr/share/zsh/vendor-completions/_portguard", from: "made:completion/zsh", only: deb},
		{to: "/usr/share/zsh/site-functions/_portguard", from: "made:completion/zsh", only: others},
		{to: "/usr/share/fish/vendor_completions.d/portguard.fish", from: "made:completion/fish"},

		// Not enabled: who wants metrics enables the timer, who has other files that reserve ports the path.
		{to: "/usr/lib/systemd/system/", from: "docs/examples/reserve/portguard-reserve.path", only: withSystemd},
		{to: "/usr/lib/systemd/system/", from: "docs/examples/reserve/portguard-reserve.service", only: withSystemd},
		{to: "/usr/lib/systemd/system/", from: "docs/examples/prometheus/portguard-audit.service", only: withSystemd},
		{to: "/usr/lib/systemd/system/", from: "docs/examples/prometheus/portguard-audit.timer", only: withSystemd},

		// As in the repository, so that the links between them lead somewhere.
		{to: doc, from: "*.md"},
		{to: doc + "docs/", from: "docs/..."},
		{to: doc + "findings/", from: "findings/..."},
		{to: doc + "README.sysctl", from: "cmd/internal/packages/files/README.sysctl"},
		{to: doc + "examples/dropin.conf", from: "cmd/internal/packages/files/dropin.conf"},

		{to: doc + "copyright", from: "made:copyright", only: deb},
		{to: doc + "THIRD-PARTY", from: "made:THIRD-PARTY", only: deb, gzip: true},
		{to: doc + "changelog", from: "CHANGELOG.md", only: deb, gzip: true},
		{to: doc + "changelog.Debian", from: "made:changelog", only: deb, gzip: true},
		{to: "/usr/share/lintian/overrides/portguard", from: "cmd/internal/packages/files/lintian", only: deb},
		{to: "/usr/share/licenses/portguard/", from: "LICENSE", only: others},
		{to: "/usr/share/licenses/portguard/", from: "made:THIRD-PARTY", only: others},
	}
}

// leftBehind are files that the package's services write, beside those that portguard itself does; a purge removes them.
func leftBehind() []string {
	return []string{"/var/lib/prometheus/node-exporter/portguard.prom", "/etc/default/portguard-audit"}
}

// ownDirectories are those that are there for nothing but portguard.
func ownDirectories(paths []string) []string {
	var dirs []string
	for _, p := range paths {
		for _, root := range []string{"/usr/share/doc/portguard", "/usr/share/licenses/portguard"} {
			if rest, ok := strings.CutPrefix(p, root+"/"); ok {
				dirs = append(dirs, root)
				for i := range rest {
					if rest[i] == '/' {
						dirs = append(dirs, root+"/"+rest[:i])
					}
				}
			}
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}
