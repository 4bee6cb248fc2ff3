// Package release answers: which Linux does this kernel say that it is?
package release

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Since reports whether this kernel calls itself this version of Linux or a later one. It is a hint: distributors bring
// what came later to older versions. false when the release cannot be read.
func Since(major, minor int) bool {
	var u unix.Utsname
	return unix.Uname(&u) == nil && since(unix.ByteSliceToString(u.Release[:]), major, minor)
}

// since reads "6.1.0-56-cloud-amd64": two numbers, and what a distributor likes to add.
func since(release string, major, minor int) bool {
	var gotMajor, gotMinor int
	n, _ := fmt.Sscanf(release, "%d.%d", &gotMajor, &gotMinor) // n says it all
	return n == 2 && (gotMajor > major || gotMajor == major && gotMinor >= minor)
}
