//go:build amd64 || arm64

package become

// entry is the process's entry point when the linker is given -E portguard/wrapper/become.entry. Where the Go runtime may not
// be able to run it calls [cramped]. Then it notes down the start variables, puts registers back and jumps to Go's own entry point.
// Nothing calls it: it has no return address.
//
//lint:ignore U1000 the linker's -E names it
func entry()
