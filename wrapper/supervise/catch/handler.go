//go:build amd64 || arm64

package catch

// What the handler reads. It is set before the handler is installed, and never again.
var (
	//lint:ignore U1000 read in assembly
	self int32 // this process
	//lint:ignore U1000 read in assembly
	pipe int32 // where it writes to; O_NONBLOCK
	//lint:ignore U1000 read in assembly
	runtimeHandler uintptr // the Go runtime's
	nothing        Info    // no signal at all
)

// unwritten is what the handler says when the pipe is full. Bit n-1 is signal n; to be read atomically.
var unwritten uint64

// handler is what the kernel calls with a signal. Nothing else may.
//
//lint:ignore U1000 address gives it to the kernel
func handler()

// address is that of handler.
func address() uintptr
