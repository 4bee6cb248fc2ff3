package flags

import (
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
)

// Reserve is the flag that keeps the kernel from picking the port, whatever holds it.
type Reserve struct{ Reserve bool }

// AddReserve adds it.
func (o *Reserve) AddReserve(fs *pflag.FlagSet) {
	cli.Titled(fs, Holding, func(fs *pflag.FlagSet) {
		fs.BoolVar(&o.Reserve, "reserve", false, "once the port is free, keep the kernel from picking it as an ephemeral port, until the next boot")
	})
}
