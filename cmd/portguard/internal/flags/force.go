package flags

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"

	"portguard/netdiag/portrange"
)

// AddForce adds --force where ports are taken from outgoing connections. with begins its usage: "with --reserve: ".
func AddForce(fs *pflag.FlagSet, force *bool, with string) {
	fs.BoolVar(force, "force", false, with+"even if fewer than "+strconv.Itoa(portrange.Fewest)+" ports are left for outgoing connections")
}

// Leaves says what is wrong with what --force does.
func Leaves(left int, ephemeral portrange.Range) string {
	return fmt.Sprintf("leaves %d ports of ip_local_port_range %s for outgoing connections, fewer than %d", left, ephemeral, portrange.Fewest)
}
