// Package reserved answers: which ports are reserved now, which will be after the next boot, and what has to be written to
// reserve more or fewer? Reserved ports are those of ip_local_reserved_ports, which the kernel gives to nobody who did
// not ask for them by number.
//
// The last assignment of a sysctl wins whole. So the drop-in of this package has a name that sorts behind the usual ones,
// and has the ports that the other files reserve as well as its own; a comment in it says which are its own, so that a
// release takes out those alone.
package reserved

import (
	"fmt"
	"strings"

	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
)

// Path is the drop-in. Both programs that apply sysctl.d files compare names as bytes: digits come before letters, so it
// comes after every NN-name.conf, Debian's link 99-sysctl.conf to /etc/sysctl.conf included.
const Path = "/etc/sysctl.d/zz-portguard-reserve.conf"

const ownLine = "# portguard reserves: "

// text is the drop-in's; nil, for no file, when no port is its own.
func text(ours, theirs portrange.Set) []byte {
	if len(ours) == 0 {
		return nil
	}
	return sysctld.Own(string(portrange.KernelReserved), ours.Union(theirs).String(),
		`Written by "portguard reserve", which reads the other sysctl files and has their ports here, too: the last`,
		`assignment wins whole. Take ports out with "portguard release", which needs the next line.`,
		strings.TrimPrefix(ownLine, "# ")+ours.String(),
	)
}

// ours reads back which of the ports are the drop-in's own.
func ours(text []byte) (portrange.Set, error) {
	for line := range strings.SplitSeq(string(text), "\n") {
		if list, ok := strings.CutPrefix(line, ownLine); ok {
			s, err := portrange.ParseSet(strings.TrimSpace(list))
			if err != nil {
				return nil, fmt.Errorf("%s: its line %q cannot be read: %w", Path, line, err)
			}
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s has lost its line %q: remove the file, and reserve the ports again", Path, strings.TrimSpace(ownLine))
}
